package v3_test

import (
	"fmt"
	"testing"
	"time"
)

const (
	valid   = `{"is_valid":true,"customer_id":%d}`
	invalid = `{"is_valid":false,"customer_id":null}`
	tooMany = `{"status":429,"title":"Too many requests",` + typ + `,"errors":{}}`
)

func (d *desk) signIn(email, password string, channel int) (int, string) {
	d.t.Helper()
	return d.do(d.app, "POST", "/customers/validate-credentials", fmt.Sprintf(`{"email":%q,"password":%q,"channel_id":%d}`, email, password, channel))
}

func (d *desk) wantSignIn(email, password string, channel int, answer string) {
	d.t.Helper()
	if status, text := d.signIn(email, password, channel); status != 200 || text != answer {
		d.t.Errorf("%s on channel %d: %d %s, want %s", email, channel, status, text, answer)
	}
}

func TestValidateCredentials(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		d.channels(2, 3)
		d.want(d.app, "PUT", "/customers", `[{"id":1,"authentication":{"new_password":"correct horse 7"}}]`, 200, "")
		d.want(d.app, "POST", "/customers", `[{"email":"bound@example.com","first_name":"B","last_name":"B","channel_ids":[2],"authentication":{"new_password":"battery staple 8"}}]`, 200, "")
		d.want(d.app, "POST", "/customers/validate-credentials", `{"email":"INES@example.com","password":"correct horse 7"}`, 200, fmt.Sprintf(valid, 1))
		d.wantSignIn("ines@example.com", "correct horse 8", 1, invalid)
		d.wantSignIn("nobody@example.com", "correct horse 7", 1, invalid)
		d.wantSignIn("tomasz@example.org", "", 1, invalid) // has no password
		// A global customer may use the channels that admit such, which is at first channel 1 only.
		d.wantSignIn("ines@example.com", "correct horse 7", 2, invalid)
		d.want(d.app, "PUT", "/customers/settings/channels/2", `{"allow_global_logins":true}`, 200, "")
		d.wantSignIn("ines@example.com", "correct horse 7", 2, fmt.Sprintf(valid, 1))
		d.want(d.app, "PUT", "/customers/settings/channels/1", `{"allow_global_logins":false}`, 200, "")
		d.wantSignIn("ines@example.com", "correct horse 7", 1, invalid)
		// One for single channels may use those and no others.
		d.wantSignIn("bound@example.com", "battery staple 8", 2, fmt.Sprintf(valid, 3))
		d.wantSignIn("bound@example.com", "battery staple 8", 1, invalid)
		d.wantSignIn("bound@example.com", "battery staple 8", 3, invalid)

		d.want(d.app, "POST", "/customers/validate-credentials", `{"email":"ines@example.com","password":"x","channel_id":9}`, 422,
			`{"status":422,"title":"Validate customer credentials failed.",`+typ+`,"errors":{"channel_id":"invalid channel ID"}}`)
		d.want(d.app, "POST", "/customers/validate-credentials", `{"password":7}`, 422,
			`{"status":422,"title":"JSON data is missing or invalid",`+typ+`,"errors":{"email":"error.path.missing","password":"error.expected.jsstring"}}`)
		d.want(d.reader, "POST", "/customers/validate-credentials", `{"email":"a@b.co","password":"x"}`, 403, "")
		d.want(d.stranger, "POST", "/customers/validate-credentials", `{"email":"ines@example.com","password":"correct horse 7"}`, 200, invalid)
	})
}

func TestGuessingIsBounded(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		d.want(d.app, "PUT", "/customers", `[{"id":1,"authentication":{"new_password":"correct horse 7"}}]`, 200, "")
		for _, email := range []string{"ines@example.com", "nobody@example.com"} {
			for range 10 {
				d.wantSignIn(email, "wrong", 1, invalid)
			}
			if status, text := d.signIn(email, "correct horse 7", 1); status != 429 || text != tooMany {
				t.Errorf("after ten wrong guesses for %s: %d %s", email, status, text)
			}
		}
		d.wantSignIn("tomasz@example.org", "wrong", 1, invalid) // others are not concerned
		d.now = d.now.Add(15 * time.Minute)
		d.wantSignIn("ines@example.com", "correct horse 7", 1, fmt.Sprintf(valid, 1))
		// Right passwords are not counted.
		for range 12 {
			d.wantSignIn("ines@example.com", "correct horse 7", 1, fmt.Sprintf(valid, 1))
		}
	})
}
