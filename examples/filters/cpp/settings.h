#pragma once

#include <string>
#include <string_view>
#include <variant>

// The filter's configuration: lines of `name: value`.
struct Settings {
  // The value of x-hello.
  std::string greeting = "hello";
  // What requests must carry in x-api-key. Empty lets all of them through.
  std::string key;

  // Reads the text of a configuration, or says what is wrong with it.
  static std::variant<Settings, std::string> parse(std::string_view text);
};
