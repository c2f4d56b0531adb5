#include "harness/oracle/ideal_damage.h"

namespace atrest::oracle {
namespace {

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

constexpr char kFirstSlice[] = "/msgs.1.dat";

// The channel that a path is in or is; "" for a file of the server.
std::string ChannelOf(const std::string& file) {
  const size_t slash = file.rfind('/');
  if (slash != std::string::npos) return file.substr(0, slash);
  return file == "server.dat" || file == "clients.dat" ? "" : file;
}

bool IsChannel(const std::string& file) {
  return file.find('/') == std::string::npos && !ChannelOf(file).empty();
}

bool IsOfMessages(const std::string& file) { return file.find("/msgs.") != std::string::npos; }

DamageTo OfRecords(const std::string& file, Damage damage) {
  return {ChannelOf(file), std::move(damage), file == ChannelOf(file) + kFirstSlice};
}

DamageTo OfFile(const std::string& file, Damage::Kind kind) {
  return {ChannelOf(file), {kind}, false};
}

Damage::Kind KindOf(const scenario::ChangeRecord& change) {
  if (!change.from_data) return Damage::Kind::kField;
  return change.offset == 0 ? Damage::Kind::kCode : Damage::Kind::kData;
}

}  // namespace

const char* RequirementOf(Damage::Kind kind) {
  switch (kind) {
    case Damage::Kind::kSwapped:
      return "H-swap";
    case Damage::Kind::kCopied:
      return "H-replay";
    case Damage::Kind::kForged:
      return "H-forge";
    case Damage::Kind::kCode:
      return "H-code-byte";
    case Damage::Kind::kData:
      return "H-ciphertext";
    case Damage::Kind::kField:
      return "H-sequence";
    case Damage::Kind::kMoved:
      return "H-channel-moved";
    case Damage::Kind::kRolledBack:
      return "H-rollback";
    case Damage::Kind::kCut:
      return "H-truncate-tail";
    case Damage::Kind::kCutMiddle:
      return "H-truncate-middle";
    case Damage::Kind::kOther:
      return "H-loss-reported";
  }
  return "";
}

std::vector<DamageTo> DamageOf(const scenario::TamperOperation& operation) {
  using Kind = Damage::Kind;
  using List = std::vector<DamageTo>;
  return std::visit(
      Overloaded{
          [](const scenario::FlipByte& op) { return List{OfFile(op.file, Kind::kOther)}; },
          [](const scenario::Truncate& op) {
            return List{OfFile(op.file, IsOfMessages(op.file) ? Kind::kCut : Kind::kOther)};
          },
          [](const scenario::AppendBytes& op) { return List{OfFile(op.file, Kind::kOther)}; },
          [](const scenario::RemoveFile& op) {
            if (IsChannel(op.file)) return List{OfFile(op.file, Kind::kMoved)};
            if (IsOfMessages(op.file) && op.file.ends_with(".dat"))
              return List{OfFile(op.file, Kind::kRolledBack)};
            return List{OfFile(op.file, Kind::kOther)};
          },
          [](const scenario::RenameFile& op) {
            const Kind kind = IsChannel(op.file) || ChannelOf(op.file) != ChannelOf(op.to)
                                  ? Kind::kMoved
                                  : Kind::kCutMiddle;
            return List{OfFile(op.file, kind), OfFile(op.to, kind)};
          },
          [](const scenario::MakeDirectory& op) { return List{OfFile(op.file, Kind::kOther)}; },
          [](const scenario::ChangeRecord& op) {
            return List{OfRecords(op.file, {KindOf(op), op.record})};
          },
          [](const scenario::SwapData& op) {
            return List{OfRecords(op.file, {Kind::kSwapped, op.a, op.b})};
          },
          [](const scenario::CopyData& op) {
            return List{OfRecords(op.file, {Kind::kCopied, op.a, op.b})};
          },
          [](const scenario::RemoveRecord& op) { return List{OfFile(op.file, Kind::kOther)}; },
          [](const scenario::SwapRecords& op) { return List{OfFile(op.file, Kind::kSwapped)}; },
          [](const scenario::EmptyBucket& op) { return List{OfFile(op.file, Kind::kOther)}; },
          [](const scenario::FillData& op) {
            return List{OfRecords(op.file, {Kind::kForged, op.record, 0, op.bytes})};
          },
          [](const scenario::SaveCopy&) { return List(); },
          [](const scenario::RestoreCopy& op) {
            if (op.file == ".") return List{{".", {Kind::kRolledBack}, false}};
            return List{OfFile(op.file, Kind::kRolledBack)};
          },
      },
      operation);
}

}  // namespace atrest::oracle
