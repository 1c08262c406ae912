#include "settings.h"

namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

// What stands before the first `mark`, and what stands behind it.
std::pair<std::string_view, std::string_view> cut(std::string_view text, char mark) {
  const auto at = text.find(mark);
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

}  // namespace

std::variant<Settings, std::string> Settings::parse(std::string_view text) {
  Settings settings;
  while (!text.empty()) {
    const auto [line, rest] = cut(text, '\n');
    text = rest;
    if (trim(line).empty()) continue;
    const auto parts = cut(line, ':');
    const auto name = trim(parts.first);
    const auto value = trim(parts.second);
    if (name == "greeting") {
      settings.greeting = value;
    } else if (name == "key") {
      if (value.empty()) return "the key is empty";
      settings.key = value;
    } else {
      return "there is no setting `" + std::string(name) + "`";
    }
  }
  return settings;
}
