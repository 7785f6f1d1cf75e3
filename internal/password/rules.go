package password

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"clientele/internal/fault"
)

// Rules are what a new password has to have.
type Rules struct {
	MinLength  int  // in characters; 0: MinLength
	Letters    bool // a letter of whatever case
	Lower      bool
	Upper      bool
	Numbers    bool
	MinNumbers int // with Numbers; at least one
	Special    bool
	MinSpecial int // with Special; at least one
}

// DefaultRules are those of the management APIs and of a store that sets no
// others: seven characters, letters as well as digits.
func DefaultRules() Rules {
	return Rules{MinLength: MinLength, Letters: true, Numbers: true, MinNumbers: 1}
}

// Needs is what rules ask for, in numbers of characters.
type Needs struct {
	Length, Letters, Lower, Upper, Digits, Special int
}

// Needs returns what the rules ask for. Check, the words of pages and what
// APIs tell of the rules are all made from it.
func (r Rules) Needs() Needs {
	one := func(on bool, n int) int {
		if !on {
			return 0
		}
		return max(n, 1)
	}
	n := Needs{
		Length: max(r.MinLength, 1), Lower: one(r.Lower, 1), Upper: one(r.Upper, 1),
		Digits: one(r.Numbers, r.MinNumbers), Special: one(r.Special, r.MinSpecial),
	}
	if r.MinLength == 0 {
		n.Length = MinLength
	}
	if !r.Lower && !r.Upper {
		n.Letters = one(r.Letters, 1)
	}
	return n
}

// Check returns everything that is wrong with a new password.
func (r Rules) Check(password string) []fault.Item {
	if !utf8.ValidString(password) {
		return []fault.Item{weak(WhyText, 0)}
	}
	var n, letters, lower, upper, numbers, special int
	for _, c := range password {
		n++
		switch {
		case unicode.IsDigit(c):
			numbers++
		case unicode.IsLetter(c):
			letters++
			if unicode.IsLower(c) {
				lower++
			} else if unicode.IsUpper(c) {
				upper++
			}
		case !unicode.IsControl(c):
			special++
		}
	}
	needs := r.Needs()
	var out []fault.Item
	say := func(wrong bool, why fault.Reason, want int) {
		if wrong {
			out = append(out, weak(why, want))
		}
	}
	say(n < needs.Length, WhyShort, needs.Length)
	say(n > MaxLength, WhyLong, MaxLength)
	if needs.Letters == 1 && needs.Digits == 1 && (letters == 0 || numbers == 0) {
		out = append(out, weak(WhyLettersAndDigits, 0))
	} else {
		say(letters < needs.Letters, WhyLetter, 0)
		say(lower < needs.Lower, WhyLower, 0)
		say(upper < needs.Upper, WhyUpper, 0)
		say(numbers < needs.Digits, WhyDigits, needs.Digits)
	}
	say(special < needs.Special, WhySpecial, needs.Special)
	return out
}

func weak(why fault.Reason, want int) fault.Item {
	it := fault.Item{Field: FieldPassword, Code: fault.WeakPassword, Why: why}
	if want > 0 {
		it.Want = strconv.Itoa(want)
	}
	return it
}

// Requirements tell clients what a password needs: expressions that it has to
// match, which are empty where nothing is needed, the least length in
// characters, and everything in words.
type Requirements struct {
	Alpha, Numeric string
	MinLength      int
	Description    string
}

// Requirements returns what to tell clients of the rules.
func (r Rules) Requirements() Requirements {
	needs := r.Needs()
	out := Requirements{MinLength: needs.Length}
	var parts []string
	say := func(part string) { parts = append(parts, part) }
	switch {
	case needs.Lower > 0 && needs.Upper > 0:
		out.Alpha = "(?:[a-z].*[A-Z]|[A-Z].*[a-z])"
		say("lower and upper case letters")
	case needs.Lower > 0:
		out.Alpha = "[a-z]"
		say("lower case letters")
	case needs.Upper > 0:
		out.Alpha = "[A-Z]"
		say("upper case letters")
	case needs.Letters > 0:
		out.Alpha = "[A-Za-z]"
		say("letters")
	}
	switch {
	case needs.Digits == 1:
		out.Numeric = "[0-9]"
		say("digits")
	case needs.Digits > 1:
		out.Numeric = fmt.Sprintf("(?:[0-9][^0-9]*){%d}", needs.Digits)
		say(fmt.Sprintf("at least %d digits", needs.Digits))
	}
	if needs.Special > 0 {
		say("at least " + count(needs.Special, "special character"))
	}
	out.Description = fmt.Sprintf("A password has at least %d characters", needs.Length)
	if len(parts) > 0 {
		out.Description += ": " + strings.Join(parts, ", ")
	}
	out.Description += "."
	return out
}

func count(n int, what string) string {
	if n == 1 {
		return "one " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Check reports the first thing that is wrong with a new password by
// DefaultRules, or nil.
func Check(password string) *fault.Item {
	if wrong := DefaultRules().Check(password); len(wrong) > 0 {
		return &wrong[0]
	}
	return nil
}
