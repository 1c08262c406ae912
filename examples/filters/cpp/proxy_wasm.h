// What a filter needs of the proxy-wasm ABI 0.2.1, as C++: the functions of the host that this
// filter calls, and the callbacks that the host calls. https://github.com/proxy-wasm/spec has the
// rest; a function more is two lines here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#define PROXY_WASM_IMPORT(name) \
  extern "C" __attribute__((import_module("env"), import_name(#name))) int32_t name
#define PROXY_WASM_EXPORT(name) extern "C" __attribute__((export_name(#name)))

// Lengths and addresses are 32 bits wide, as in the guest's memory.
PROXY_WASM_IMPORT(proxy_log)(int32_t level, const char* line, size_t size);
PROXY_WASM_IMPORT(proxy_get_buffer_bytes)
(int32_t buffer, size_t start, size_t most, char** data, size_t* size);
PROXY_WASM_IMPORT(proxy_get_header_map_value)
(int32_t map, const char* name, size_t name_size, char** data, size_t* size);
PROXY_WASM_IMPORT(proxy_replace_header_map_value)
(int32_t map, const char* name, size_t name_size, const char* value, size_t value_size);
PROXY_WASM_IMPORT(proxy_remove_header_map_value)(int32_t map, const char* name, size_t name_size);
PROXY_WASM_IMPORT(proxy_send_local_response)
(int32_t status, const char* details, size_t details_size, const char* body, size_t body_size,
 const char* headers, size_t headers_size, int32_t grpc_status);

namespace proxy_wasm {

enum class Action : int32_t { Continue = 0, Pause = 1 };
enum class Level : int32_t { Trace, Debug, Info, Warn, Error, Critical };
enum class Map : int32_t { RequestHeaders = 0, ResponseHeaders = 2 };
enum class Buffer : int32_t { RequestBody = 0, ResponseBody = 1, PluginConfiguration = 7 };

using Headers = std::vector<std::pair<std::string_view, std::string_view>>;

inline void log(Level level, std::string_view line) {
  proxy_log(static_cast<int32_t>(level), line.data(), line.size());
}

// The host put it into memory that it got from `malloc`; it is ours now.
inline std::string take(char* data, size_t size) {
  std::string value(data == nullptr ? "" : data, data == nullptr ? 0 : size);
  std::free(data);
  return value;
}

// All of a buffer, or nothing if there is none now.
inline std::string buffer(Buffer kind) {
  char* data = nullptr;
  size_t size = 0;
  auto status =
      proxy_get_buffer_bytes(static_cast<int32_t>(kind), 0, SIZE_MAX, &data, &size);
  return status == 0 ? take(data, size) : std::string();
}

inline std::optional<std::string> header(Map map, std::string_view name) {
  char* data = nullptr;
  size_t size = 0;
  auto status = proxy_get_header_map_value(static_cast<int32_t>(map), name.data(), name.size(),
                                           &data, &size);
  if (status != 0) return std::nullopt;
  return take(data, size);
}

inline void set_header(Map map, std::string_view name, std::string_view value) {
  proxy_replace_header_map_value(static_cast<int32_t>(map), name.data(), name.size(),
                                 value.data(), value.size());
}

inline void remove_header(Map map, std::string_view name) {
  proxy_remove_header_map_value(static_cast<int32_t>(map), name.data(), name.size());
}

inline void put(std::string& bytes, size_t number) {
  for (int shift = 0; shift < 32; shift += 8) {
    bytes.push_back(static_cast<char>((number >> shift) & 0xff));
  }
}

// As the ABI writes header maps: their number, the sizes of each, then the texts, each with a
// zero at its end.
inline std::string pairs(const Headers& headers) {
  std::string bytes;
  put(bytes, headers.size());
  for (const auto& [name, value] : headers) {
    put(bytes, name.size());
    put(bytes, value.size());
  }
  for (const auto& [name, value] : headers) {
    bytes.append(name).push_back('\0');
    bytes.append(value).push_back('\0');
  }
  return bytes;
}

// Answers in place of the service. -1: this is no answer to a gRPC call.
inline Action respond(int32_t status, const Headers& headers, std::string_view body) {
  auto bytes = pairs(headers);
  proxy_send_local_response(status, "", 0, body.data(), body.size(), bytes.data(), bytes.size(),
                            -1);
  return Action::Pause;
}

}  // namespace proxy_wasm

// Says for which ABI this filter is.
PROXY_WASM_EXPORT(proxy_abi_version_0_2_1) void proxy_abi_version_0_2_1() {}
