package v3_test

import (
	"fmt"
	"strings"
	"testing"
)

// A new email has at most 250 characters.
func TestLengthsOfEmails(t *testing.T) {
	address := func(n int) string {
		domain := "@" + strings.Repeat(strings.Repeat("d", 60)+".", 3) + "example.com"
		return strings.Repeat("a", n-len(domain)) + domain
	}
	eachFormShop(t, func(t *testing.T, s *formShop) {
		s.want("POST", "", fmt.Sprintf(`[{"email":%q,"first_name":"A","last_name":"B"}]`, address(250)), 200, "…")
		s.want("POST", "", fmt.Sprintf(`[{"email":%q,"first_name":"A","last_name":"B"}]`, address(251)), 422, "…email must be at most 250 characters")
	})
}
