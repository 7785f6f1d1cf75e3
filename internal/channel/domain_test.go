package channel

import "testing"

func TestMainDomain(t *testing.T) {
	for host, want := range map[string]string{
		"shop.example.com":  "example.com",
		"Example.COM":       "example.com",
		"a.b.shop.co.uk":    "shop.co.uk",
		"evil.co.uk":        "evil.co.uk",
		"10.1.2.3":          "10.1.2.3",
		"99.99.2.3":         "99.99.2.3",
		"localhost":         "localhost",
		"store-a.localhost": "store-a.localhost",
	} {
		if got := mainDomain(host); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
}

func TestSiteURLsThatCannotBe(t *testing.T) {
	for _, text := range []string{"http://:80", "http://h:99999999", "http://h:0", "http://127.0.0.1:18222/a b", "ftp://h", "h", "http://h?x=1", "http://h/#x", "http://u@h", "http://u:p@h"} {
		if _, err := checkURL(text); err == nil {
			t.Errorf("%s is accepted", text)
		}
	}
}
