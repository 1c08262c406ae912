// A filter for proxy-wasm hosts: greets on every answer and, where it has a key, lets only
// requests through that carry it.

#include <memory>
#include <unordered_map>

#include "proxy_wasm.h"
#include "settings.h"

using proxy_wasm::Action;
using proxy_wasm::Level;
using proxy_wasm::Map;

namespace {

// The plugin's configurations, by the id of their root context.
std::unordered_map<uint32_t, std::shared_ptr<const Settings>> roots;
// Those of the requests that are under way, by the id of their context.
std::unordered_map<uint32_t, std::shared_ptr<const Settings>> requests;

}  // namespace

// A root context has no parent; the context of a request has its root as parent.
PROXY_WASM_EXPORT(proxy_on_context_create) void on_context_create(uint32_t id, uint32_t parent) {
  if (parent == 0) {
    roots[id] = std::make_shared<const Settings>();
  } else {
    requests[id] = roots[parent];
  }
}

// Reads the plugin's configuration. Answering false refuses it: the host then says what was
// logged, and goes on with what ran before.
PROXY_WASM_EXPORT(proxy_on_configure) uint32_t on_configure(uint32_t root, uint32_t) {
  auto parsed = Settings::parse(proxy_wasm::buffer(proxy_wasm::Buffer::PluginConfiguration));
  if (const auto* problem = std::get_if<std::string>(&parsed)) {
    proxy_wasm::log(Level::Error, *problem);
    return false;
  }
  roots[root] = std::make_shared<const Settings>(std::get<Settings>(std::move(parsed)));
  return true;
}

PROXY_WASM_EXPORT(proxy_on_request_headers)
Action on_request_headers(uint32_t id, uint32_t, uint32_t) {
  const auto& settings = *requests[id];
  if (settings.key.empty()) return Action::Continue;
  if (proxy_wasm::header(Map::RequestHeaders, "x-api-key") == settings.key) {
    // The service behind has no use for it.
    proxy_wasm::remove_header(Map::RequestHeaders, "x-api-key");
    return Action::Continue;
  }
  proxy_wasm::log(Level::Info, "refused: no key, or not the right one");
  return proxy_wasm::respond(401, {{"content-type", "text/plain"}},
                             "401 a key is needed in x-api-key\n");
}

PROXY_WASM_EXPORT(proxy_on_response_headers)
Action on_response_headers(uint32_t id, uint32_t, uint32_t) {
  proxy_wasm::set_header(Map::ResponseHeaders, "x-hello", requests[id]->greeting);
  return Action::Continue;
}

PROXY_WASM_EXPORT(proxy_on_delete) void on_delete(uint32_t id) {
  requests.erase(id);
  roots.erase(id);
}
