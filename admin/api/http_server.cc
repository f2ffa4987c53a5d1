#include "admin/api/http_server.h"

#include <httplib.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "admin/api/json_answer.h"
#include "admin/api/request_guard.h"

namespace sluice::admin {
namespace {

// A change holds its thread for up to five seconds (the data plane's verdict). Api lets fewer changes in than
// there are threads, so that probes and reads are answered beside them.
constexpr size_t kThreads = 16;
constexpr size_t kWaitingMax = 64;
constexpr int kReadTimeoutSeconds = 5;
constexpr int kWriteTimeoutSeconds = 10;

// Fixed threads; a full queue makes the accepting thread wait, which leaves the rest to the kernel's
// backlog instead of to our memory.
class BoundedPool final : public httplib::TaskQueue {
 public:
  BoundedPool() {
    for (size_t i = 0; i < kThreads; ++i) threads_.emplace_back([this] { work(); });
  }
  void enqueue(std::function<void()> task) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return tasks_.size() < kWaitingMax; });
    tasks_.push_back(std::move(task));
    changed_.notify_all();
  }
  void shutdown() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void work() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopping_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      changed_.notify_all();
      lock.unlock();
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  std::vector<std::thread> threads_;
  bool stopping_ = false;
};

// The library listens with a backlog of five: a burst of a dozen clients would lose SYNs and wait seconds.
class WideServer final : public httplib::Server {
 public:
  void widen_backlog() { ::listen(svr_sock_, kBacklog); }

 private:
  static constexpr int kBacklog = 128;
};

ApiRequest without_body(const httplib::Request& request) {
  ApiRequest made;
  made.method = request.method;
  made.path = request.path;
  for (const auto& [name, value] : request.params) made.query.emplace(name, value);
  made.host = request.get_header_value("Host");
  made.origin = request.get_header_value("Origin");
  made.fetch_site = request.get_header_value("Sec-Fetch-Site");
  made.content_type = request.get_header_value("Content-Type");
  made.accept = request.get_header_value("Accept");
  made.if_match = request.get_header_value("If-Match");
  return made;
}

void send(const ApiResponse& answer, httplib::Response& response) {
  response.status = answer.status;
  for (const auto& [name, value] : answer.headers) response.set_header(name, value);
  response.set_header("X-Content-Type-Options", "nosniff");
  response.set_header("Cache-Control", "no-store");
  response.set_content(answer.body, answer.content_type);
}

// False: the body is larger than `limit` (the rest stays unread) or the connection failed.
bool read_body(const httplib::ContentReader& reader, uint64_t limit, std::string& body) {
  return reader([&](const char* data, size_t size) {
    if (body.size() + size > limit) return false;
    body.append(data, size);
    return true;
  });
}

}  // namespace

struct HttpServer::Parts {
  WideServer server;
  std::thread thread;
  Handler handler;
  Endpoint listen;  // With the port that was bound.
  std::atomic<bool> is_finished{false};

  void install();
  void serve_with_body(const httplib::Request& request, httplib::Response& response,
                       const httplib::ContentReader& reader);
};

HttpServer::HttpServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
HttpServer::~HttpServer() {
  stop();
}
uint16_t HttpServer::port() const {
  return parts_->listen.port;
}

std::expected<std::unique_ptr<HttpServer>, std::string> HttpServer::bind(const Endpoint& listen) {
  if (auto refused = refuse_listen_address(listen)) return std::unexpected(*refused);
  auto parts = std::make_unique<Parts>();
  WideServer& server = parts->server;
  // The library's default also sets SO_REUSEPORT, with which a second admin would silently share the port.
  server.set_socket_options([](socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
  server.new_task_queue = [] { return new BoundedPool; };  // The library deletes it.
  server.set_keep_alive_max_count(1);
  server.set_tcp_nodelay(true);
  server.set_read_timeout(kReadTimeoutSeconds);
  server.set_write_timeout(kWriteTimeoutSeconds);
  server.set_payload_max_length(kConfigBytesMax);
  const int bound = listen.port == 0 ? server.bind_to_any_port(listen.host)
                                     : (server.bind_to_port(listen.host, listen.port) ? listen.port : -1);
  if (bound < 0) {
    return std::unexpected("cannot bind admin.listen " + to_text(listen) + ": " + strerror(errno) +
                           "; stop what listens there, or set admin: {listen: ...} to another port");
  }
  server.widen_backlog();
  parts->listen = listen;
  parts->listen.port = static_cast<uint16_t>(bound);
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(parts)));
}

void HttpServer::Parts::serve_with_body(const httplib::Request& request, httplib::Response& response,
                                        const httplib::ContentReader& reader) {
  ApiRequest made = without_body(request);
  if (request.is_multipart_form_data()) {
    return send(error_answer(415, "unsupported_body",
                             "send the document itself (curl --data-binary @FILE), not a form"),
                response);
  }
  const uint64_t limit = body_bytes_max(made.method, made.path);
  // Without either field there is no body; the library would wait for one until its timeout.
  const bool has_body = request.has_header("Content-Length") || request.has_header("Transfer-Encoding");
  if (has_body && !read_body(reader, limit, made.body)) {
    const std::string text = std::to_string(limit >> 20);
    send(error_answer(413, "body_too_large", "the body is larger than " + text + " MiB, or was cut short"),
         response);
    return;
  }
  send(handler(made), response);
}

void HttpServer::Parts::install() {
  server.set_pre_routing_handler(
      [guard = RequestGuard(listen)](const httplib::Request& request, httplib::Response& response) {
        const auto refused = guard.refuse(without_body(request));
        if (!refused) return httplib::Server::HandlerResponse::Unhandled;
        send(*refused, response);
        return httplib::Server::HandlerResponse::Handled;
      });
  const char* any = ".*";
  server.Get(any, [this](const httplib::Request& request, httplib::Response& response) {
    send(handler(without_body(request)), response);
  });
  const auto with_body = [this](const httplib::Request& request, httplib::Response& response,
                                const httplib::ContentReader& reader) {
    serve_with_body(request, response, reader);
  };
  server.Put(any, with_body);
  server.Post(any, with_body);
  server.Delete(any, with_body);
  server.Patch(any, with_body);
  server.set_exception_handler(
      [](const httplib::Request& request, httplib::Response& response, std::exception_ptr) {
        spdlog::error("a bug: {} {} ended in an exception", request.method, request.path);
        send(error_answer(500, "internal_error", "a bug; the log of sluice-admin has it"), response);
      });
  // Answers the library makes itself (a malformed request) get our shape too.
  server.set_error_handler([](const httplib::Request&, httplib::Response& response) {
    if (!response.body.empty()) return;
    send(error_answer(response.status, "bad_request", "the request is not valid HTTP or not served here"),
         response);
  });
}

void HttpServer::start(Handler handler) {
  parts_->handler = std::move(handler);
  parts_->install();
  parts_->thread = std::thread([parts = parts_.get()] {
    if (!parts->server.listen_after_bind())
      spdlog::error("the admin API stopped listening; restart sluice-admin");
    parts->is_finished = true;
  });
}

void HttpServer::stop() {
  if (!parts_->thread.joinable()) return;
  // stop() of the library does nothing before its loop runs, which start() does not wait for.
  while (!parts_->server.is_running() && !parts_->is_finished) std::this_thread::yield();
  parts_->server.stop();
  parts_->thread.join();
}

}  // namespace sluice::admin
