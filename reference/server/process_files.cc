#include "reference/server/process_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace atrest::server {
namespace {

// "" or why not, as Go prints it.
std::string WriteFile(const std::string& path, int mode, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  const bool written =
      file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  if (file >= 0) ::close(file);
  if (written) return "";
  std::string why = std::strerror(error);
  if (!why.empty() && why[0] >= 'A' && why[0] <= 'Z') why[0] = static_cast<char>(why[0] | 0x20);
  return "open " + path + ": " + why;
}

}  // namespace

Status WritePidFile(const std::string& path) {
  const std::string why = WriteFile(path, 0660, std::to_string(::getpid()));
  return why.empty() ? Status() : Status(Code::kIo, "Could not write pidfile: " + why);
}

void PortsFile::Remove() {
  if (!path_.empty()) ::unlink(path_.c_str());
  path_.clear();
}

Status PortsFile::Write(const std::string& directory, const std::string& program,
                        const std::string& host, uint16_t port) {
  const std::string path = directory + "/" + program + "_" + std::to_string(::getpid()) + ".ports";
  const std::string address = host == "0.0.0.0" ? "127.0.0.1" : host;
  const std::string text = "{\"nats\":[\"nats://" + address + ":" + std::to_string(port) + "\"]}";
  const std::string why = WriteFile(path, 0666, text);
  if (!why.empty()) {
    return Status(Code::kIo, "Error writing ports file (" + path + "): " + why);
  }
  path_ = path;
  return Status();
}

}  // namespace atrest::server
