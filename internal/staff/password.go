package staff

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn/frequency"

	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/password"
)

// MinPassword is how many characters a password of the staff has at least.
const MinPassword = 10

// checkPassword notes what is wrong with a new password of a person.
func checkPassword(c *fault.Collector, text, email, name string) {
	switch n := utf8.RuneCountInString(text); {
	case !utf8.ValidString(text):
		c.Because(FieldPassword, fault.WeakPassword, password.WhyText, "")
		return
	case n < MinPassword:
		c.Because(FieldPassword, fault.WeakPassword, WhyShortPassword, strconv.Itoa(MinPassword))
		return
	case n > password.MaxLength:
		c.Because(FieldPassword, fault.WeakPassword, password.WhyLong, strconv.Itoa(password.MaxLength))
		return
	}
	folded := fold.Text(text)
	switch {
	case common(folded):
		c.Because(FieldPassword, fault.WeakPassword, WhyCommonPassword, "")
	case folded == fold.Text(email), folded == fold.Text(name):
		c.Because(FieldPassword, fault.WeakPassword, WhyOwnPassword, "")
	}
}

// topmost is how many of the most used passwords are refused with digits and
// marks around them, too.
const topmost = 1000

// used are the passwords that are used most, in that order: the topmost, and of the
// others those that are long enough to be chosen. The library's lists are let go, as
// they would take more than a megabyte for as long as the program runs.
var used = func() []string {
	all := frequency.FrequencyLists["passwords"]
	out := slices.Clone(all[:topmost])
	for _, p := range all[topmost:] {
		if len(p) >= MinPassword {
			out = append(out, p)
		}
	}
	clear(frequency.FrequencyLists)
	return out
}()

// common reports whether a folded password is among the most used, is one of the
// very first of them with something around it, or is digits in a row.
func common(text string) bool {
	bare := strings.Trim(text, "0123456789!?.,-_#*$ ")
	return slices.Contains(used, text) || slices.Contains(used[:topmost], bare) || bare == "" && ordered(text) || strings.Trim(text, text[:1]) == ""
}

// ordered reports whether digits follow each other by ones, or repeat.
func ordered(text string) bool {
	steps := map[int]bool{}
	for i := 1; i < len(text); i++ {
		step := int(text[i]) - int(text[i-1])
		if step == -9 {
			step = 1
		}
		steps[step] = true
	}
	return len(steps) <= 1
}
