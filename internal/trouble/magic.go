package trouble

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// word is what ends the local part of an address that asks for a fault.
var word = regexp.MustCompile(`\+clientele-([a-z]+|[0-9]+|delay[0-9]+s)@`)

// magic hits what tells an address such as jane+clientele-500@example.com.
func (e *Engine) magic(s *Subject, out *Hit) {
	text := s.Text()
	if !strings.Contains(text, "+clientele-") {
		return
	}
	for _, found := range word.FindAllStringSubmatch(text, 8) {
		effect, delay, ok := asked(found[1], s)
		if !ok || out.ends() && effect.ends() {
			continue
		}
		out.add("magic-"+found[1], effect, delay)
	}
}

// maxAsked is the longest delay that an address asks for.
const maxAsked = 30

// asked returns what a word asks for, and whether it does of such a subject.
func asked(word string, s *Subject) (e Effect, delay time.Duration, ok bool) {
	request := s.Surface != SMTP && s.Surface != Webhook
	switch word {
	case "429":
		if s.Surface == Pages {
			e.Status = &Status{Code: 429, RetryAfter: 1}
		} else {
			e.RateLimit = new(RateLimit)
		}
	case "500":
		e.Status = &Status{Code: 500}
	case "timeout":
		e.held = true
	case "lost":
		e.Drop = DropAfterCommit
	case "locked":
		e.locked = true
		return e, 0, request && s.SignsIn()
	case "bounce":
		e.SMTP = &Refusal{Stage: "rcpt_to", Code: 550}
		return e, 0, s.Surface == SMTP
	default:
		seconds, is := strings.CutPrefix(word, "delay")
		n, err := strconv.Atoi(strings.TrimSuffix(seconds, "s"))
		return e, time.Duration(n) * time.Second, is && err == nil && n >= 1 && n <= maxAsked && request
	}
	return e, 0, request
}

// Tells reports whether a text tells an address of email, and not a longer one.
func Tells(text, address string) bool {
	text, address = strings.ToLower(text), strings.ToLower(address)
	for at := 0; ; {
		i := strings.Index(text[at:], address)
		if i < 0 {
			return false
		}
		i += at
		end := i + len(address)
		if (i == 0 || !ofAddress(text[i-1])) && (end == len(text) || !ofAddress(text[end]) || text[end] == '.' && (end+1 == len(text) || !ofAddress(text[end+1]))) {
			return true
		}
		at = i + 1
	}
}

// ofAddress reports whether a byte can be within an address.
func ofAddress(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 0x80 || strings.IndexByte("!#$%&'*+-/=?^_`{|}~.@", b) >= 0 && b != '=' && b != '&' && b != '\''
}
