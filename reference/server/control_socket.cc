#include "reference/server/control_socket.h"

#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <istream>
#include <map>
#include <utility>

namespace atrest::server {
namespace {

using Protocol = boost::asio::local::stream_protocol;
using ErrorCode = boost::system::error_code;

struct Session {
  explicit Session(Protocol::socket connected)
      : socket(std::move(connected)), input(ControlSocket::kLineMax) {}
  Protocol::socket socket;
  boost::asio::streambuf input;
};

class ControlSocketImpl : public ControlSocket {
 public:
  ControlSocketImpl(boost::asio::io_context& context, std::string path)
      : acceptor_(context), path_(std::move(path)) {}

  ~ControlSocketImpl() override { ::unlink(path_.c_str()); }

  Status Open() {
    ::unlink(path_.c_str());
    ErrorCode error;
    acceptor_.open(Protocol(), error);
    if (!error) acceptor_.bind(Protocol::endpoint(path_), error);
    if (!error) acceptor_.listen(boost::asio::socket_base::max_listen_connections, error);
    if (error) return Status(Code::kIo, "control socket " + path_ + ": " + error.message());
    Accept();
    return Status();
  }

  std::vector<Request> TakeRequests() override { return std::exchange(requests_, {}); }

  void Reply(uint64_t id, const std::string& line) override {
    const auto found = sessions_.find(id);
    if (found == sessions_.end()) return;
    // A line fits the socket's buffer; who does not read its answers is disconnected.
    ErrorCode error;
    found->second->socket.non_blocking(true, error);
    const std::string bytes = line + "\n";
    boost::asio::write(found->second->socket, boost::asio::buffer(bytes), error);
    if (error) sessions_.erase(found);
  }

 private:
  void Accept() {
    acceptor_.async_accept([this](const ErrorCode& error, Protocol::socket socket) {
      if (error == boost::asio::error::operation_aborted) return;
      if (!error && sessions_.size() < kSessionsMax) {
        const uint64_t id = next_id_++;
        sessions_[id] = std::make_shared<Session>(std::move(socket));
        Read(id);
      }
      Accept();
    });
  }

  void Read(uint64_t id) {
    const std::shared_ptr<Session> session = sessions_.at(id);
    boost::asio::async_read_until(session->socket, session->input, '\n',
                                  [this, id, session](const ErrorCode& error, size_t) {
                                    if (error == boost::asio::error::operation_aborted) return;
                                    OnRead(id, *session, error);
                                  });
  }

  void OnRead(uint64_t id, Session& session, const ErrorCode& error) {
    if (!sessions_.contains(id)) return;
    if (error) {  // also a line that is too long
      sessions_.erase(id);
      return;
    }
    std::istream stream(&session.input);
    std::string line;
    std::getline(stream, line);
    requests_.push_back({id, std::move(line)});
    Read(id);
  }

  Protocol::acceptor acceptor_;
  const std::string path_;
  uint64_t next_id_ = 1;
  std::map<uint64_t, std::shared_ptr<Session>> sessions_;
  std::vector<Request> requests_;
};

}  // namespace

Result<std::unique_ptr<ControlSocket>> ControlSocket::Listen(boost::asio::io_context& context,
                                                             const std::string& path) {
  auto socket = std::make_unique<ControlSocketImpl>(context, path);
  ATREST_TRY(socket->Open());
  return std::unique_ptr<ControlSocket>(std::move(socket));
}

}  // namespace atrest::server
