#include "reference/server/event_log.h"

#include <utility>

namespace atrest::server {
namespace {

constexpr std::string_view kMagic = "atrest events 1\n";
constexpr uint64_t kFileSizeMax = uint64_t{8} << 30;
constexpr size_t kBufferSize = 256 * 1024;

// u8 kind, le64 time, le64 connection, le64 number, le32 size; then the bytes.
constexpr size_t kHeaderSize = 1 + 8 + 8 + 8 + 4;

}  // namespace

Result<std::unique_ptr<EventWriter>> EventWriter::Create(env::FileSystem& files,
                                                         const std::string& path) {
  auto file = files.Open(path, env::FileSystem::Mode::kCreateExclusive);
  if (!file.ok()) return file.status();
  std::unique_ptr<EventWriter> writer(new EventWriter(std::move(file).value()));
  Append(writer->buffer_, AsBytes(kMagic));
  ATREST_TRY(writer->Flush());
  return writer;
}

void EventWriter::Write(const Event& event) {
  if (!failure_.ok()) return;
  uint8_t header[kHeaderSize];
  header[0] = static_cast<uint8_t>(event.kind);
  StoreLe64(header + 1, static_cast<uint64_t>(event.now_ns));
  StoreLe64(header + 9, event.connection);
  StoreLe64(header + 17, event.number);
  StoreLe32(header + 25, static_cast<uint32_t>(event.bytes.size()));
  Append(buffer_, header);
  Append(buffer_, event.bytes);
  if (buffer_.size() >= kBufferSize) failure_ = Flush();
}

Status EventWriter::Flush() {
  if (failure_.ok() && !buffer_.empty()) failure_ = file_->Append(buffer_);
  buffer_.clear();
  return failure_;
}

Result<EventReader> EventReader::Open(env::FileSystem& files, const std::string& path) {
  auto bytes = env::ReadWhole(files, path, kFileSizeMax);
  if (!bytes.ok()) return bytes.status();
  if (!AsText(bytes.value()).starts_with(kMagic)) {
    return Status(Code::kCorrupt, path + ": not a recorded session");
  }
  EventReader reader(std::move(bytes).value());
  reader.position_ = kMagic.size();
  return reader;
}

std::optional<Event> EventReader::Decode(uint64_t* end) const {
  const ByteView rest = ByteView(bytes_).subspan(position_);
  if (rest.size() < kHeaderSize) return std::nullopt;
  const uint64_t size = LoadLe32(rest.data() + 25);
  if (size > rest.size() - kHeaderSize) return std::nullopt;
  Event event;
  event.kind = static_cast<Event::Kind>(rest[0]);
  event.now_ns = static_cast<int64_t>(LoadLe64(rest.data() + 1));
  event.connection = LoadLe64(rest.data() + 9);
  event.number = LoadLe64(rest.data() + 17);
  event.bytes = rest.subspan(kHeaderSize, size);
  *end = position_ + kHeaderSize + size;
  return event;
}

std::optional<Event> EventReader::Peek() const {
  uint64_t end = 0;
  return Decode(&end);
}

void EventReader::Take() {
  uint64_t end = position_;
  if (Decode(&end)) position_ = end;
}

}  // namespace atrest::server
