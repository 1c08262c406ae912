package main

import (
	"errors"
	"fmt"
	"strings"
)

// settings are the filter's configuration: lines of `name: value`.
type settings struct {
	// greeting is the value of x-hello.
	greeting string
	// key is what requests must carry in x-api-key. "" lets all of them through.
	key string
}

// parse reads the text of a configuration, or says what is wrong with it.
func parse(text string) (settings, error) {
	result := settings{greeting: "hello"}
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch name {
		case "greeting":
			result.greeting = value
		case "key":
			if value == "" {
				return settings{}, errors.New("the key is empty")
			}
			result.key = value
		default:
			return settings{}, fmt.Errorf("there is no setting `%s`", name)
		}
	}
	return result, nil
}
