// Files by which a process makes itself known: its id, and its ports.
// Specification: options.md 1.3 (ports_file_dir) and section 6.
// Threads: one.
#pragma once

#include <cstdint>
#include <string>

#include "reference/base/status.h"

namespace atrest::server {

// The id of this process in PATH, in decimal; the file stays. kIo "Could not write pidfile: ...".
Status WritePidFile(const std::string& path);

// DIRECTORY/PROGRAM_PID.ports with the address to connect to.
class PortsFile {
 public:
  // kIo "Error writing ports file (...): ...". HOST "0.0.0.0" is written as the loopback address.
  Status Write(const std::string& directory, const std::string& program, const std::string& host,
               uint16_t port);
  // The file goes, if there is one.
  void Remove();

 private:
  std::string path_;  // "" while there is none
};

}  // namespace atrest::server
