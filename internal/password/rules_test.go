package password_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"clientele/internal/password"
)

// satisfies reports whether a password is what a description asks for. It reads
// the words, as a client would show them.
func satisfies(t *testing.T, description, text string) bool {
	t.Helper()
	var least int
	head, rest, _ := strings.Cut(strings.TrimSuffix(description, "."), ": ")
	if _, err := fmt.Sscanf(head, "A password has at least %d characters", &least); err != nil {
		t.Fatalf("%q: %v", description, err)
	}
	if len(text) < least {
		return false
	}
	count := func(class string) int { return len(regexp.MustCompile(class).FindAllString(text, -1)) }
	for part := range strings.SplitSeq(rest, ", ") {
		part = strings.Replace(part, " one ", " 1 ", 1)
		n := 1
		fmt.Sscanf(part, "at least %d", &n)
		switch {
		case part == "":
		case part == "lower and upper case letters":
			if count("[a-z]") == 0 || count("[A-Z]") == 0 {
				return false
			}
		case part == "lower case letters":
			n, least = 1, count("[a-z]")
		case part == "upper case letters":
			least = count("[A-Z]")
		case part == "letters":
			least = count("[A-Za-z]")
		case strings.HasSuffix(part, "digits"):
			least = count("[0-9]")
		case strings.Contains(part, "special character"):
			least = count("[^A-Za-z0-9]")
		default:
			t.Fatalf("%q is not understood", part)
		}
		if part != "" && part != "lower and upper case letters" && least < n {
			return false
		}
	}
	return true
}

// A password is accepted exactly if it is what the description asks for and
// matches the expressions.
func TestRequirementsAreTheRules(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const letters = "abcXYZ0189 !?_-"
	flip := func() bool { return r.IntN(2) == 0 }
	accepted := 0
	for range 20_000 {
		rules := password.Rules{
			MinLength: r.IntN(9), Letters: flip(), Lower: flip(), Upper: flip(), Numbers: flip(), MinNumbers: r.IntN(4), Special: flip(), MinSpecial: r.IntN(3),
		}
		b := make([]byte, 1+r.IntN(12))
		for i := range b {
			b[i] = letters[r.IntN(len(letters))]
		}
		text := string(b)
		q := rules.Requirements()
		said := satisfies(t, q.Description, text)
		good := len(rules.Check(text)) == 0
		if good != said {
			t.Fatalf("%+v: %q is accepted: %v; %q", rules, text, good, q.Description)
		}
		matches := len(text) >= q.MinLength && regexp.MustCompile(q.Alpha).MatchString(text) && regexp.MustCompile(q.Numeric).MatchString(text)
		if good && !matches {
			t.Fatalf("%+v: %q is accepted and does not match %+v", rules, text, q)
		}
		if good {
			accepted++
		}
	}
	if accepted < 2000 {
		t.Errorf("only %d passwords are accepted", accepted)
	}
}
