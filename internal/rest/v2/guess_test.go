package v2_test

import (
	"testing"
	"time"
)

func TestGuessingIsBounded(t *testing.T) {
	each(t, func(f *fixture) {
		const many = `[{"status":429,"message":"Too many requests"}]`
		const right, wrong = `{"password":"sonho4azul"}`, `{"password":"wrong"}`
		for range 12 { // right passwords are not counted
			f.want(200, `{"success":true}`, "POST", "/customers/1/validate", right)
		}
		for range 5 {
			f.want(200, `{"success":false}`, "POST", "/customers/1/validate", wrong)
			f.want(200, `{"is_valid":false,…`, "POST", "/stores/shop/v3/customers/validate-credentials", `{"email":"ines.duarte@example.com","password":"wrong"}`)
		}
		got := f.ask("POST", "/customers/1/validate", right)
		if got.status != 429 || got.body != many || got.header.Get("X-Retry-After") != "900" {
			f.t.Errorf("after ten wrong guesses: %d %s, X-Retry-After %s", got.status, got.body, got.header.Get("X-Retry-After"))
		}
		f.want(429, `{"status":429,…`, "POST", "/stores/shop/v3/customers/validate-credentials", `{"email":"ines.duarte@example.com","password":"sonho4azul"}`)
		for range 10 { // nobody is guarded like somebody
			f.want(404, fault("404", "The requested resource was not found."), "POST", "/customers/99/validate", wrong)
		}
		f.want(429, many, "POST", "/customers/99/validate", wrong)
		// Another store's customers are not concerned.
		f.want(200, `{"success":false}`, "POST", "/stores/other/v2/customers/2/validate", wrong, "X-Auth-Token: foreign")
		f.Clock.Advance(15 * time.Minute)
		f.want(200, `{"success":true}`, "POST", "/customers/1/validate", right)
	})
}

// The shopper whose address an app tells counts for themselves.
func TestToldAddress(t *testing.T) {
	each(t, func(f *fixture) {
		const right, wrong, path = `{"password":"sonho4azul"}`, `{"password":"wrong"}`, "/customers/1/validate"
		f.want(200, `{"success":true}`, "POST", path, right, "True-Client-IP: 198.51.100.9")
		for range 10 {
			f.want(200, `{"success":false}`, "POST", path, wrong, "True-Client-IP: 198.51.100.77")
		}
		f.want(429, `[{"status":429,…`, "POST", path, right, "True-Client-IP: 198.51.100.77")
		f.want(429, `[{"status":429,…`, "POST", path, right, "True-Client-IP: 198.51.100.9, 198.51.100.9")
		f.want(429, `[{"status":429,…`, "POST", path, right)
		f.want(200, `{"success":true}`, "POST", path, right, "True-Client-IP: 198.51.100.9")
	})
}
