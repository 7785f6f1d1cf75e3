package webhook

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"clientele/internal/event"
	"clientele/internal/fault"
)

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		hook, event string
		want        bool
	}{
		{event.CustomerCreated, event.CustomerCreated, true},
		{event.CustomerCreated, event.CustomerUpdated, false},
		{"store/customer/*", event.CustomerCreated, true},
		{"store/customer/*", event.AddressCreated, true},
		{"store/customer/*", event.DefaultInstrumentUpdated, true},
		{"store/customer/*", event.SubscriberCreated, false},
		{"store/customer/*", "store/customer", false},
		{"store/customer/*", "store/customers/created", false},
		{"store/customer/address/*", event.AddressDeleted, true},
		{"store/customer/address/*", event.CustomerDeleted, false},
		{"store/subscriber/*", event.SubscriberDeleted, true},
		{"store/metafield/*", event.MetafieldUpdated, true},
		{"store/channel/*", event.ChannelUpdated, true},
		{"store/channel/*", "store/channel/3/cart/created", true},
		{"store/channel/3/cart/*", "store/channel/3/cart/created", true},
		{"store/channel/3/cart/*", "store/channel/4/cart/created", false},
		{"store/channel/*/inventory/product/stock_changed", "store/channel/7/inventory/product/stock_changed", true},
		{"store/channel/*/inventory/product/stock_changed", "store/channel/7/inventory/product/settings_changed", false},
		{"store/channel/*/inventory/product/stock_changed", "store/channel/inventory/product/stock_changed", false},
		{"store/customer/create", event.CustomerCreated, false},
		{"store/customer/created/", event.CustomerCreated, false},
		{"", event.CustomerCreated, false},
		{"store/customer/*", "", false},
	} {
		if got := Matches(c.hook, c.event); got != c.want {
			t.Errorf("%q and %q: %v", c.hook, c.event, got)
		}
	}
}

// fired are the scopes of events of this service.
var fired = []string{
	event.CustomerCreated, event.CustomerUpdated, event.CustomerDeleted, event.ChannelAccessUpdated,
	event.AddressCreated, event.AddressUpdated, event.AddressDeleted,
	event.MetafieldCreated, event.MetafieldUpdated, event.MetafieldDeleted, event.DefaultInstrumentUpdated,
	event.ChannelCreated, event.ChannelUpdated, event.SubscriberCreated, event.SubscriberUpdated, event.SubscriberDeleted,
}

func TestEveryEventCanBeSubscribedTo(t *testing.T) {
	for _, s := range append(slices.Clone(fired), ExceptionScope) {
		if !KnownScope(s) {
			t.Errorf("%s is unknown", s)
		}
	}
}

// A scope matches itself; with a star for its last segments it matches too;
// and no scope matches what does not begin as it does.
func TestMatchesProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{"store", "customer", "address", "created", "channel", "12", "a"}
	for range 20_000 {
		segments := make([]string, 1+r.IntN(5))
		for i := range segments {
			segments[i] = words[r.IntN(len(words))]
		}
		scope := strings.Join(segments, "/")
		if !Matches(scope, scope) {
			t.Fatalf("%s does not match itself", scope)
		}
		n := r.IntN(len(segments))
		star := strings.Join(append(slices.Clone(segments[:n]), "*"), "/")
		if !Matches(star, scope) {
			t.Fatalf("%s does not match %s", star, scope)
		}
		if n > 0 && Matches(star, strings.Join(segments[:n], "/")) {
			t.Fatalf("%s matches what it stands above", star)
		}
		one := slices.Clone(segments)
		one[r.IntN(len(one))] = "*"
		if !Matches(strings.Join(one, "/"), scope) {
			t.Fatalf("%v does not match %s", one, scope)
		}
		other := slices.Clone(segments)
		at := r.IntN(len(other))
		other[at] += "x"
		if Matches(strings.Join(other, "/"), scope) || at < n && Matches(star, strings.Join(other, "/")) {
			t.Fatalf("%s matches %v", scope, other)
		}
	}
}

func TestKnownScopes(t *testing.T) {
	for _, s := range []string{
		"store/order/created", "store/order/*", "store/product/*", "store/cart/lineItem/*", "store/customer/*", "store/customer/address/*",
		"store/app/uninstalled", "store/information/updated", "store/sku/inventory/order/updated", "store/priceList/records/*",
		"store/channel/1/cart/created", "store/channel/12/settings/*", "store/channel/*/inventory/product/stock_changed", "store/company/user/created",
		"store/product/variant/metafield/*", "store/subscriber/*", "store/metafield/*", "store/shipment/*", "store/hook/deliveryException",
	} {
		if !KnownScope(s) {
			t.Errorf("%s is unknown", s)
		}
	}
	for _, s := range []string{
		"", "*", "store", "store/*", "store/customer", "store/customer/", "store/customer/create", "customer/created", "/store/customer/created",
		"store/customer/**", "store/*/created", "store/channel/#/cart/created", "store/channel/0/cart/created", "store/channel/x/cart/created",
		"store/channel/1", "store/channel/1/", "store/channel/1/nothing", "store/hook/*", "STORE/customer/created", "store/customer/created ", "store/customer/created\n",
		"store/channel/99999999999999999999/cart/created",
	} {
		if KnownScope(s) {
			t.Errorf("%q is known", s)
		}
	}
}

func TestDestinations(t *testing.T) {
	for _, c := range []struct {
		text       string
		production bool // whether production admits it
		dev        bool
		norm       string
	}{
		{"https://app.example.com/webhooks", true, true, "https://app.example.com/webhooks"},
		{"https://665b65a6.ngrok.io/webhooks", true, true, "https://665b65a6.ngrok.io/webhooks"},
		{"HTTPS://App.Example.COM:443", true, true, "https://app.example.com/"},
		{"https://app.example.com./x?a=b&c", true, true, "https://app.example.com/x?a=b&c"},
		{"https://bücher.example/x", true, true, "https://xn--bcher-kva.example/x"},
		{"https://8.8.8.8/x", true, true, "https://8.8.8.8/x"},
		{"https://[2606:4700::1111]/x", true, true, "https://[2606:4700::1111]/x"},
		{"https://app.example.com:8443/x", false, true, "https://app.example.com:8443/x"},
		{"http://app.example.com/x", false, true, "http://app.example.com/x"},
		{"http://app.example.com:80/x", false, true, "http://app.example.com/x"},
		{"http://localhost:3000/x", false, true, "http://localhost:3000/x"},
		{"http://127.0.0.1:3000/", false, true, "http://127.0.0.1:3000/"},
		{"http://[::1]:3000", false, true, "http://[::1]:3000/"},
		{"https://localhost/x", false, true, "https://localhost/x"},
		{"https://app.localhost/x", false, true, ""},
		{"https://metadata/x", false, true, ""},
		{"http://my_app:3000/x", false, true, ""},
		{"https://app.exam!ple.com/x", false, false, ""},
		{"https://app.example.com%2f@x/", false, false, ""},
		{"https://metadata.google.internal/x", false, true, ""},
		{"https://printer.local/x", false, true, ""},
		{"https://127.0.0.1/x", false, true, ""},
		{"https://127.1/x", false, true, ""},
		{"https://2130706433/x", false, true, ""},
		{"https://0x7f.0.0.1/x", false, true, ""},
		{"https://0177.0.0.1/x", false, true, ""},
		{"https://10.0.0.8/x", false, true, ""},
		{"https://172.20.0.8/x", false, true, ""},
		{"https://192.168.1.1/x", false, true, ""},
		{"https://169.254.169.254/latest/meta-data", false, true, ""},
		{"https://100.64.3.4/x", false, true, ""},
		{"https://0.0.0.0/x", false, true, ""},
		{"https://[::]/x", false, true, ""},
		{"https://[::1]/x", false, true, ""},
		{"https://[::ffff:127.0.0.1]/x", false, true, ""},
		{"https://[::ffff:8.8.8.8]/x", false, true, ""},
		{"https://[64:ff9b::7f00:1]/x", false, true, ""},
		{"https://[2002:7f00:1::]/x", false, true, ""},
		{"https://[2001:0:1234::1]/x", false, true, ""},
		{"https://[fe80::1]/x", false, true, ""},
		{"https://[fd00::1]/x", false, true, ""},
		{"https://[fe80::1%25eth0]/x", false, false, ""},
		{"https://user:secret@app.example.com/x", false, false, ""},
		{"https://user@app.example.com/x", false, false, ""},
		{"https://@app.example.com/x", false, false, ""},
		{"https://app.example.com/x#part", false, false, ""},
		{"https://app.example.com/x#", false, false, ""},
		{"https://app.example.com:0/", false, false, ""},
		{"https://app.example.com:99999/", false, false, ""},
		{"https://app.example.com:/", false, false, ""},
		{"https://app.example.com/a b", false, false, ""},
		{"https://app.example.com\\@127.0.0.1/", false, false, ""},
		{"https://app.example.com/\r\nX: y", false, false, ""},
		{"https:app.example.com/x", false, false, ""},
		{"https:///x", false, false, ""},
		{"ftp://app.example.com/x", false, false, ""},
		{"file:///etc/passwd", false, false, ""},
		{"gopher://app.example.com/", false, false, ""},
		{"javascript:alert(1)", false, false, ""},
		{"app.example.com/x", false, false, ""},
		{"//app.example.com/x", false, false, ""},
		{"", false, false, ""},
		{"https://app..example.com/", false, false, ""},
		{"https://" + strings.Repeat("a", 64) + ".example.com/", false, false, ""},
		{"https://app.example.com/" + strings.Repeat("a", maxURL), false, false, ""},
	} {
		for _, mode := range []struct {
			rules Rules
			want  bool
		}{{Rules{Production: true}, c.production}, {Rules{}, c.dev}} {
			norm, why := mode.rules.Destination(c.text)
			if (why == "") != mode.want {
				t.Errorf("%.80q, production %v: %v", c.text, mode.rules.Production, why)
			}
			if why == "" && c.norm != "" && norm != c.norm {
				t.Errorf("%.80q: compared as %s, want %s", c.text, norm, c.norm)
			}
			if again, why2 := mode.rules.Destination(norm); why == "" && (why2 != "" || again != norm) {
				t.Errorf("%.80q: %s is no form of its own: %s, %v", c.text, norm, again, why2)
			}
		}
	}
	if got := Domain("https://App.example.com:443/x"); got != "app.example.com" {
		t.Errorf("domain %s", got)
	}
}

func TestPublicAddresses(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "172.15.255.255": true, "172.32.0.1": true, "100.63.255.255": true, "100.128.0.1": true,
		"2606:4700::1111": true, "2a00:1450::1": true,
		"0.0.0.0": false, "0.1.2.3": false, "10.255.255.255": false, "127.0.0.1": false, "127.255.255.254": false, "169.254.169.254": false,
		"172.16.0.0": false, "172.31.255.255": false, "192.168.0.1": false, "100.64.0.0": false, "100.127.255.255": false, "192.0.0.8": false,
		"192.0.2.1": false, "198.51.100.1": false, "203.0.113.1": false, "198.18.0.1": false, "198.19.255.255": false, "192.88.99.1": false,
		"224.0.0.1": false, "239.255.255.255": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "::ffff:8.8.8.8": false, "::8.8.8.8": false, "64:ff9b::808:808": false, "64:ff9b:1::1": false, "100::1": false,
		"2001::1": false, "2001:10::1": false, "2001:20::1": false, "2001:2::1": false, "2001:db8::1": false, "2002:808:808::1": false, "3fff::1": false,
		"5f00::1": false, "fc00::1": false, "fdff::1": false, "fe80::1": false, "fec0::1": false, "ff02::1": false,
	} {
		if got := PublicAddr(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if PublicAddr(netip.Addr{}) || PublicAddr(netip.MustParseAddr("2606:4700::1%eth0")) {
		t.Error("no address, or one of a zone, passes for a public one")
	}
}

func TestHeaders(t *testing.T) {
	many := make([]Header, MaxHeaders+1)
	for i := range many {
		many[i] = Header{fmt.Sprint("X-", i), "v"}
	}
	for name, c := range map[string]struct {
		in   []Header
		want string
	}{
		"none":           {nil, ""},
		"basic":          {[]Header{{"Authorization", "Basic SGVsbG86R29vZGJ5ZQ=="}, {"username", "Hello"}, {"X-Empty", ""}}, ""},
		"tab and umlaut": {[]Header{{"X", "ä\tb"}}, ""},
		"most":           {many[:MaxHeaders], ""},
		"too many":       {many, "headers"},
		"host":           {[]Header{{"HOST", "x"}}, "headers.HOST"},
		"length":         {[]Header{{"content-length", "1"}}, "headers.content-length"},
		"hop by hop":     {[]Header{{"Connection", "x"}, {"Transfer-Encoding", "chunked"}, {"Proxy-Authorization", "x"}, {"TE", "x"}}, "headers.Connection headers.Transfer-Encoding headers.Proxy-Authorization headers.TE"},
		"signature":      {[]Header{{"Webhook-Signature", "x"}, {"webhook-id", "x"}}, "headers.Webhook-Signature headers.webhook-id"},
		"line break":     {[]Header{{"X", "a\r\nHost: b"}, {"Y", "a\nb"}, {"Z", "a\x00"}, {"W", "\x7f"}}, "headers.X headers.Y headers.Z headers.W"},
		"name":           {[]Header{{"", "x"}}, "headers"},
		"name breaks":    {[]Header{{"X\r\nY", "x"}}, "headers"},
		"name with gap":  {[]Header{{"X Y", "x"}}, "headers"},
		"name too long":  {[]Header{{strings.Repeat("x", maxHeaderName+1), "x"}}, "headers"},
		"twice":          {[]Header{{"X", "1"}, {"x", "2"}}, "headers.x"},
		"value too long": {[]Header{{"X", strings.Repeat("x", maxHeaderValue+1)}}, "headers.X"},
		"too much":       {[]Header{{"X", strings.Repeat("x", maxHeaderValue)}, {"Y", strings.Repeat("x", maxHeaderValue)}}, "headers"},
	} {
		c2 := fault.Collector{}
		checkHeaders(&c2, c.in)
		var got []string
		for _, it := range c2.Items {
			at := string(it.Field)
			if it.Key != "" {
				at += "." + it.Key
			}
			got = append(got, at)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	in := []Header{{"Z", "\"ä\t"}, {"A", ""}}
	out, err := readHeaders(stored(in))
	if err != nil || !slices.Equal(in, out) {
		t.Errorf("stored and read: %v, %v", out, err)
	}
}

func TestRetries(t *testing.T) {
	var all, n int64
	for attempts := 1; ; attempts++ {
		wait, ok := RetryAfter(attempts)
		if !ok {
			break
		}
		n++
		all += wait
	}
	if n != 11 || int(n)+1 != MaxAttempts || all != 173_040 {
		t.Errorf("%d retries after %d seconds", n, all)
	}
	for _, attempts := range []int{-1, 0, 12, 1000} {
		if _, ok := RetryAfter(attempts); ok {
			t.Errorf("a retry after %d attempts", attempts)
		}
	}
	if first, _ := RetryAfter(1); first != 60 {
		t.Errorf("the first retry is after %d seconds", first)
	}
}

func TestWindow(t *testing.T) {
	const now = 1_781_793_457
	var w Window
	for i := range 99 {
		if w.Record(now, false) {
			t.Fatalf("blocked after %d", i+1)
		}
	}
	if !w.Record(now, false) {
		t.Error("a hundred failures do not block")
	}
	if !w.Idle(now) {
		t.Error("the count goes on after a block")
	}
	for i := range 1000 { // nine in ten arrive
		if w.Record(now+int64(i/10), i%10 != 9) {
			t.Fatalf("blocked at %d", i)
		}
	}
	w = Window{}
	blocked := -1
	for i := range 200 { // 89 in 100 arrive
		if w.Record(now, i%100 >= 11) {
			blocked = i
			break
		}
	}
	if blocked != 99 {
		t.Errorf("blocked at %d", blocked)
	}
	w = Window{}
	for i := range 99 { // failures that are over do not count
		w.Record(now+int64(i%10), false)
	}
	if w.Record(now+129, false) || w.Idle(now+129) || !w.Idle(now+129+windowTime) {
		t.Error("what is older than two minutes counts")
	}
	for range 98 {
		if w.Record(now+129, false) {
			t.Error("blocked too early")
		}
	}
	if !w.Record(now+129, false) {
		t.Error("not blocked")
	}
}

func TestIdle(t *testing.T) {
	const day = 24 * 60 * 60
	for _, c := range []struct {
		hook Hook
		now  int64
		want bool
	}{
		{Hook{IsActive: true, DateModified: day}, 91*day - 1, false},
		{Hook{IsActive: true, DateModified: day}, 91 * day, true},
		{Hook{IsActive: true, DateModified: day, LastEvent: 2 * day}, 91 * day, false},
		{Hook{IsActive: true, DateModified: day, LastEvent: 2 * day}, 92 * day, true},
		{Hook{DateModified: day}, 100 * day, false},
	} {
		if got := c.hook.Idle(c.now); got != c.want {
			t.Errorf("%+v at %d: %v", c.hook, c.now, got)
		}
	}
	if !ExceptionDue(ExceptionRetry, 0, 1000) || ExceptionDue(ExceptionRetry, 1000, 1599) || !ExceptionDue(ExceptionRetry, 1000, 1600) || !ExceptionDue(ExceptionLast, 1000, 1001) {
		t.Error("exceptions are told of too often or too seldom")
	}
	for _, c := range []struct {
		hook Hook
		want string
	}{{Hook{IsActive: true}, "active"}, {Hook{}, "inactive"}, {Hook{Disabled: DisabledFailures}, "deactivated"}} {
		if got := c.hook.Status(); got != c.want {
			t.Errorf("%+v is %s", c.hook, got)
		}
	}
}

func TestMostHooks(t *testing.T) {
	own := make([]Hook, MaxPerAccount)
	for i := range own {
		own[i] = Hook{ID: int64(i + 1), Scope: fmt.Sprintf("store/channel/%d/cart/created", i+1), norm: "https://a.example.com/"}
	}
	h := Hook{ID: MaxPerAccount + 1, Scope: event.CustomerCreated, norm: "https://a.example.com/"}
	if err := h.admit(own, true); fault.As(err) == nil {
		t.Errorf("one more: %v", err)
	}
	if err := h.admit(own[1:], true); err != nil {
		t.Error(err)
	}
	own[0].Scope = event.CustomerUpdated
	if err := own[0].admit(own, false); err != nil {
		t.Error(err)
	}
}
