package password

import (
	"fmt"
	"unicode"
	"unicode/utf8"
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

// Check returns everything that is wrong with a new password.
func (r Rules) Check(password string) []string {
	if !utf8.ValidString(password) {
		return []string{"password must be valid text"}
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
	least := max(r.MinLength, 1)
	if r.MinLength == 0 {
		least = MinLength
	}
	var out []string
	say := func(wrong bool, format string, args ...any) {
		if wrong {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	say(n < least, "password must be at least %d characters long", least)
	say(n > MaxLength, "password must be at most %d characters long", MaxLength)
	if r.Letters && r.Numbers && r.MinNumbers <= 1 && !r.Lower && !r.Upper && (letters == 0 || numbers == 0) {
		out = append(out, "password must contain both letters and digits")
	} else {
		say(r.Letters && letters == 0, "password must contain a letter")
		say(r.Lower && lower == 0, "password must contain a lowercase letter")
		say(r.Upper && upper == 0, "password must contain an uppercase letter")
		say(r.Numbers && numbers < max(r.MinNumbers, 1), "password must contain at least %s", count(max(r.MinNumbers, 1), "digit"))
	}
	say(r.Special && special < max(r.MinSpecial, 1), "password must contain at least %s", count(max(r.MinSpecial, 1), "special character"))
	return out
}

func count(n int, what string) string {
	if n == 1 {
		return "one " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Check reports what is wrong with a new password by DefaultRules, or
// "".
func Check(password string) string {
	if wrong := DefaultRules().Check(password); len(wrong) > 0 {
		return wrong[0]
	}
	return ""
}
