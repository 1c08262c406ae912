// The filter's configuration: lines of `name: value`.
export class Settings {
  // The value of x-hello.
  greeting: string = "hello";
  // What requests must carry in x-api-key. "" lets all of them through.
  key: string = "";

  // Reads the text of a configuration. Answers what is wrong with it, or "".
  parse(text: string): string {
    const lines = text.split("\n");
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i].trim();
      if (line == "") continue;
      const colon = line.indexOf(":");
      const name = colon < 0 ? line : line.substring(0, colon).trim();
      const value = colon < 0 ? "" : line.substring(colon + 1).trim();
      if (name == "greeting") {
        this.greeting = value;
      } else if (name == "key") {
        if (value == "") return "the key is empty";
        this.key = value;
      } else {
        return "there is no setting `" + name + "`";
      }
    }
    return "";
  }
}
