package email

import "testing"

func TestLikely(t *testing.T) {
	for address, want := range map[string]string{
		"a@gmail.com": "", "a@gmial.com": "a@gmail.com", "A@GMAIL.CO": "A@gmail.com", "a@hotmial.co": "a@hotmail.com", "a@web.de": "", "a@wbe.de": "a@web.de",
		"a@example.com": "", "a@shop.de": "", "gmial.com": "", "@gmial.com": "", "a@": "", "": "", "a@mail.com": "", "a@gmai.com": "a@gmail.com", "a@hotmail.de": "", "a@t-onlien.de": "a@t-online.de", "a@gmx.at": "",
	} {
		if got := Likely(address); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}
