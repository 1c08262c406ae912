package main

import "testing"

func TestParse(t *testing.T) {
	for text, want := range map[string]settings{
		"":                                     {greeting: "hello"},
		"greeting: good: morning\n\n key: k1 ": {greeting: "good: morning", key: "k1"},
	} {
		if got, err := parse(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"gretting: x": "there is no setting `gretting`",
		"key:":        "the key is empty",
	} {
		if _, err := parse(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}
