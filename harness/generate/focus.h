// The generators behind the properties (properties.h): each tells a story about one thing, with
// enough around it that it meets other things. They are grouped by file: focus_keys.cc and so on.
// Threads: as story.h.
#pragma once

#include "harness/generate/story.h"

namespace atrest::generate::focus {

// Keys.
void RoundTrip(Story& story);
void KeyBytes(Story& story);
void WrongKeyReads(Story& story);
void WrongKeyPublishes(Story& story);
void WrongThenRight(Story& story);
void PaddedKey(Story& story);
void ManyKeys(Story& story);
void VariableBeforeOption(Story& story);
void EmptyKey(Story& story);
void UnusedKey(Story& story);

// Ciphers, switches, configuration.
void CipherSwitch(Story& story);
void CipherChosen(Story& story);
void CipherDefault(Story& story);
void CipherNames(Story& story);
void UnknownCipher(Story& story);
void CommandLine(Story& story);
void ConfigFile(Story& story);
void KeyAlone(Story& story);
void Lifecycle(Story& story);
void MemoryStore(Story& story);

// From plain to sealed and back.
void PlainThenSealed(Story& story);
void LooksSealed(Story& story);
void HeadOfLine(Story& story);
void SealedThenOff(Story& story);
void OffStoresClear(Story& story);
void OffThenOn(Story& story);
void NeverSealed(Story& story);

// Payloads, channels, ways to read.
void Sizes(Story& story);
void FirstBytes(Story& story);
void LookAlikes(Story& story);
void EmptyPayloads(Story& story);
void ExplicitEmpty(Story& story);
void LargePayloads(Story& story);
void Bursts(Story& story);
void OddChannels(Story& story);
void Positions(Story& story);
void CachedReads(Story& story);
void CanariesStayHidden(Story& story);

// Ends, limits and faults.
void Kills(Story& story);
void RestartsAndNonces(Story& story);
void Limits(Story& story);
void ChangedLimits(Story& story);
void Slices(Story& story);
void RecreatedChannel(Story& story);
void KilledAtWrite(Story& story);
void KilledAtSync(Story& story);
void KilledAtStart(Story& story);
void FullDisk(Story& story);

// Tampering.
void Swap(Story& story);
void Replay(Story& story);
void Forge(Story& story);
void CodeByte(Story& story);
void Ciphertext(Story& story);
void Sequence(Story& story);
void Metadata(Story& story);
void MovedChannel(Story& story);
void Rollback(Story& story);
void RollbackAndNonces(Story& story);
void CutTail(Story& story);
void CutMiddle(Story& story);
void LostIndex(Story& story);
void AnyFlip(Story& story);
void LostTailAndNonces(Story& story);

// Clients that stay.
void Durables(Story& story);
void Queues(Story& story);
void Redeliveries(Story& story);

// Everything at once.
void Everything(Story& story);

}  // namespace atrest::generate::focus
