package v3_test

import (
	"fmt"
	"testing"
	"time"

	"clientele/internal/limit"
	"clientele/internal/sqldb"
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
		d.Clock.Advance(15 * time.Minute)
		d.wantSignIn("ines@example.com", "correct horse 7", 1, fmt.Sprintf(valid, 1))
		// Right passwords are not counted.
		for range 12 {
			d.wantSignIn("ines@example.com", "correct horse 7", 1, fmt.Sprintf(valid, 1))
		}
	})
}

// An app signs in everybody: what is guessed through it shuts nobody out but
// the emails that were guessed at, and the shoppers whose addresses it tells
// count for themselves.
func TestAppsAreNotShut(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		d.want(d.app, "PUT", "/customers", `[{"id":1,"authentication":{"new_password":"correct horse 7"}}]`, 200, "")
		write := func(sql string, args ...any) {
			t.Helper()
			if err := d.db.Write(t.Context(), d.stores[0], func(tx *sqldb.Tx) error { return tx.Exec(sqldb.Dynamic(sql), args...) }); err != nil {
				t.Fatal(err)
			}
		}
		d.address = "192.0.2.80:5"
		for _, address := range []string{"192.0.2.80", "198.51.100.9"} {
			write(`INSERT INTO attempt_windows (store_id, subject, attempts, date_start) VALUES ($1, $2, 1000, $3)`, limit.Subject("guess", address), d.Clock.Now().Unix())
		}
		for _, c := range []struct {
			told   string
			status int
		}{{"", 200}, {"198.51.100.9", 429}, {"198.51.100.9, 192.0.2.80", 200}, {"2001:db8::9", 200}} {
			write(`DELETE FROM known_addresses WHERE store_id = $1`)
			d.told = c.told
			if status, text := d.signIn("ines@example.com", "correct horse 7", 1); status != c.status {
				t.Errorf("%+v: %d %s", c, status, text)
			}
		}
		// Whose password was right is known from there, while strangers guess.
		d.told = "198.51.100.77"
		for range 10 {
			d.wantSignIn("ines@example.com", "wrong", 1, invalid)
		}
		if status, _ := d.signIn("ines@example.com", "correct horse 7", 1); status != 429 {
			t.Error("a stranger may go on")
		}
		d.told = "2001:db8::77"
		d.wantSignIn("ines@example.com", "correct horse 7", 1, fmt.Sprintf(valid, 1))
	})
}
