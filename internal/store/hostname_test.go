package store_test

import (
	"strings"
	"testing"

	"clientele/internal/store"
)

func TestHostName(t *testing.T) {
	for want, forms := range map[string][]string{
		"shop.example":                 {"shop.example", "SHOP.Example", "shop.example.", "shop.example:443", "Shop.Example.:8443", "shop.example:", "ｓhop.example", "shop。example", "sho\u00adp.example"},
		"xn--bcher-kva.example":        {"bücher.example", "BÜCHER.EXAMPLE", "bu\u0308cher.example", "xn--bcher-kva.example.", "XN--BCHER-KVA.example:80"},
		"xn--strae-oqa.example":        {"straße.example", "STRAßE.example"},
		"store-bbb.localhost":          {"store-bbb.localhost", "Store-BBB.localhost.:8080", "store-bbb。localhost", "ｓｔｏｒｅ-bbb.localhost"},
		"my_shop.r3---sn.example":      {"My_Shop.r3---sn.example"},
		"127.0.0.1":                    {"127.0.0.1", "127.0.0.1:80", "127.0.0.1.", "１２７.0.0.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]:8080"},
		"::1":                          {"[::1]", "[::1]:8080", "[0:0::0001]", "::1"},
		"fe80::1":                      {"[fe80::1%eth0]:80"},
		"a1.0x.shop":                   {"a1.0x.shop"},
		"":                             {"", ".", "..", "a..b", ".a", ":80", "a b", "a/b", "a%2eb", "127.1", "0x7f.0.0.1", "0177.0.0.1", "2130706433", "1.2.3.256", "shop.0x1", "[::1", "::g", "xn--a", "xn--zzzzzz\u00fc", "a\x00b", "héé\x80", "-\u200d.example"},
		strings.Repeat("a", 63) + ".b": {strings.Repeat("A", 63) + ".b"},
	} {
		for _, form := range forms {
			if got := store.HostName(form); got != want {
				t.Errorf("%q is %q, want %q", form, got, want)
			}
		}
	}
	for _, long := range []string{strings.Repeat("a", 64) + ".b", strings.Repeat("a.", 127) + "a"} {
		if got := store.HostName(long); got != "" {
			t.Errorf("%q is a name", got)
		}
	}
}

func FuzzHostName(f *testing.F) {
	for _, s := range []string{"shop.example:8443", "BÜCHER.example.", "[::ffff:1.2.3.4]", "xn--bcher-kva", "127.0.0.1.", "ｓ。x", "a\u00ad-b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name := store.HostName(s)
		if name == "" {
			return
		}
		host := name
		if strings.Contains(name, ":") {
			host = "[" + name + "]"
		} else if name != strings.ToLower(name) || strings.HasSuffix(name, ".") || strings.ContainsAny(name, "/@%[] \x00") {
			t.Errorf("%q is %q", s, name)
		}
		for _, form := range []string{name, host, host + ":8080", strings.ToUpper(host)} {
			if got := store.HostName(form); got != name {
				t.Errorf("%q is %q, but %q is %q", s, name, form, got)
			}
		}
	})
}
