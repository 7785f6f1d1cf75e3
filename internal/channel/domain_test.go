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

// A checkout is of the site's own main domain and by https.
func TestCheckoutIsOfTheSite(t *testing.T) {
	const site = "http://www.shop.co.uk"
	for text, want := range map[string]string{
		"http://checkout.shop.co.uk":  "https://checkout.shop.co.uk",
		"https://shop.co.uk:8443":     "https://shop.co.uk:8443",
		"https://checkout.evil.co.uk": "",
		"https://shop.co.uk.evil.com": "",
		"https://u@shop.co.uk":        "",
	} {
		if got, err := checkCheckout(site, text); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}
