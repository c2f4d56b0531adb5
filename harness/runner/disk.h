// Looks at a store directory with the inspector and turns what it finds into the plain observation
// that oracles judge.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/verdict/observation.h"
#include "reference/base/status.h"
#include "reference/env/env.h"

namespace atrest::runner {

// KEY_NAMES choose among KEYS (name -> bytes); TEXTS are searched for in every file and name. What
// belongs to the channel IGNORED is left out; "" for none.
Result<verdict::Disk> LookAtDisk(env::FileSystem& files, const std::string& directory,
                                 const std::vector<std::string>& key_names,
                                 const std::map<std::string, std::string>& keys,
                                 const std::vector<std::string>& texts,
                                 const std::string& ignored = "");

// The same of a node of a cluster: DIRECTORY holds store/ and raft/CLUSTER-ID/.
Result<verdict::Disk> LookAtNode(env::FileSystem& files, const std::string& directory,
                                 const std::vector<std::string>& key_names,
                                 const std::map<std::string, std::string>& keys,
                                 const std::vector<std::string>& texts);

}  // namespace atrest::runner
