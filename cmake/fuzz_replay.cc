// The main of a fuzz target where libFuzzer is not linked: gives it the empty input and every file
// named on the command line or found below a folder named there, each once. A crash is the result;
// a folder that does not exist, or that holds no file, is an error.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void Replay(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

// The number of files replayed.
int ReplayAll(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) {
    Replay(path);
    return 1;
  }
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (!entry.is_regular_file()) continue;
    Replay(entry.path());
    ++count;
  }
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  LLVMFuzzerTestOneInput(nullptr, 0);
  for (int i = 1; i < argc; ++i) {
    const int count = std::filesystem::exists(argv[i]) ? ReplayAll(argv[i]) : 0;
    if (count == 0) {
      std::fprintf(stderr, "nothing to replay in %s\n", argv[i]);
      return 1;
    }
    std::printf("%d inputs from %s\n", count, argv[i]);
  }
}
