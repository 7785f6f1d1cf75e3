package source

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"

	"clientele/internal/password"
	"clientele/internal/password/passwordtest"
	"clientele/internal/system"
	"clientele/internal/transfer/table"
)

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

const firebaseConfig = `hash_config {
  algorithm: SCRYPT,
  base64_signer_key: jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==,
  base64_salt_separator: Bw==,
  rounds: 8,
  mem_cost: 14,
}`

// Hashes that come in parts, in texts of JSON within JSON, or without their
// parameters are put together so that the password is right, and no other one.
func TestIdentities(t *testing.T) {
	const right = "user1password"
	salt := []byte("0123456789abcdef")
	sum := func(parts ...[]byte) []byte {
		h := sha256.New()
		for _, p := range parts {
			h.Write(p)
		}
		return h.Sum(nil)
	}
	key, err := pbkdf2.Key(sha256.New, right, salt, 1000, 32)
	if err != nil {
		t.Fatal(err)
	}
	key512, err := pbkdf2.Key(sha512.New, right, salt, 1000, 64)
	if err != nil {
		t.Fatal(err)
	}
	long, err := scrypt.Key([]byte(right), salt, 16, 4, 2, 64)
	if err != nil {
		t.Fatal(err)
	}
	argon := argon2.IDKey([]byte(right), salt, 2, 64, 1, 32)
	mac := hmac.New(sha256.New, []byte("key"))
	mac.Write([]byte(right))
	bare := md5.Sum([]byte(right))
	made := bcryptOf(t, right)
	if !strings.HasPrefix(made, "$2a$04$") {
		t.Fatal(made)
	}
	keycloak := func(credential, secret string) string {
		quote := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }
		return `{"realm":"shop","clients":[{"id":"x","users":[1]}],"users":[{"id":"1","createdTimestamp":1713744000123,"username":"ann","enabled":true,"emailVerified":true,"firstName":"Ann","lastName":"Lee","email":"ann@example.com","attributes":{"phone":["+49 1"],"shoe":["40","41"]},"credentials":[{"id":"o","type":"otp","secretData":"{}"},{"id":"c","type":"password","createdDate":1,"secretData":` + quote(secret) + `,"credentialData":` + quote(credential) + `}],"realmRoles":["a"]},{"username":"service","email":"","enabled":true}],"after":{}}`
	}
	for _, c := range []struct{ name, format, file, left string }{
		{"auth0 export with bcrypt", "auth0", `{"_id":{"$oid":"5a"},"email":"ann@example.com","email_verified":true,"passwordHash":"` + made + `","tenant":"t","connection":"c","_tmp_is_unique":true}` + "\n", "_id.$oid,email_verified,tenant,connection,_tmp_is_unique"},
		{"auth0 salted", "auth0", `[{"email":"ann@example.com","user_id":"1","email_verified":false,"given_name":"Ann","family_name":"Lee","user_metadata":{"color":"red"},"custom_password_hash":{"algorithm":"sha256","hash":{"value":"` + hex.EncodeToString(sum(salt, []byte(right))) + `","encoding":"hex"},"salt":{"value":"` + string(salt) + `","position":"prefix"}}}]`, "user_id,email_verified,user_metadata.color"},
		{"auth0 salt behind, in hex, and base64", "auth0", `[{"email":"ann@example.com","custom_password_hash":{"algorithm":"sha256","hash":{"value":"` + b64(sum([]byte(right), salt)) + `","encoding":"base64"},"salt":{"value":"` + hex.EncodeToString(salt) + `","encoding":"hex","position":"suffix"}}}]`, ""},
		{"auth0 hmac", "auth0", `[{"email":"ann@example.com","custom_password_hash":{"algorithm":"hmac","hash":{"value":"` + hex.EncodeToString(mac.Sum(nil)) + `","encoding":"hex","digest":"sha256","key":{"value":"key","encoding":"utf8"}}}}]`, ""},
		{"auth0 md5", "auth0", `[{"email":"ann@example.com","custom_password_hash":{"algorithm":"md5","hash":{"value":"` + hex.EncodeToString(bare[:]) + `","encoding":"hex"}}}]`, ""},
		{"auth0 pbkdf2", "auth0", `[{"email":"ann@example.com","custom_password_hash":{"algorithm":"pbkdf2","hash":{"value":"$pbkdf2-sha512$i=1000,l=64$` + base64.RawStdEncoding.EncodeToString(salt) + `$` + base64.RawStdEncoding.EncodeToString(key512) + `","encoding":"utf8"}}}]`, ""},
		{"auth0 scrypt", "auth0", `[{"email":"ann@example.com","custom_password_hash":{"algorithm":"scrypt","hash":{"value":"` + b64(long) + `","encoding":"base64"},"salt":{"value":"` + hex.EncodeToString(salt) + `","encoding":"hex"},"password":{"encoding":"utf8"},"keylen":64,"cost":16,"blockSize":4,"parallelization":2}}]`, ""},
		{"auth0 lines with identities", "auth0", `{"user_id":"auth0|1","name":"ann@example.com","email":"ann@example.com","email_verified":true,"identities":[{"user_id":"1","provider":"auth0","isSocial":false}],"password_hash":"` + made + `"}` + "\n" + `{"user_id":"auth0|2","email":"bob@example.com","email_verified":true,"identities":[{"user_id":"2"}]}` + "\n", "user_id,email_verified,identities"},
		{"firebase", "firebase", (`{"users": [{"localId":"u1","email":"ann@example.com","emailVerified":false,"passwordHash":"lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==","salt":"42xEC+ixf3L2lw==","displayName":"Ann Lee","createdAt":"1713744000123","providerUserInfo":[{"providerId":"password"}]}]}`), "localId,emailVerified,providerUserInfo"},
		{"firebase table", "firebase", "u1,ann@example.com,false,lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==,42xEC+ixf3L2lw==,Ann Lee,,,,,,,,,,,,,,,,,,1713744000123,1713744000123,+491,,,\n",
			"UID,Email Verified,Photo URL,Google ID,Google Email,Google Display Name,Google Photo URL,Facebook ID,Facebook Email,Facebook Display Name,Facebook Photo URL,Twitter ID,Twitter Email,Twitter Display Name,Twitter Photo URL,GitHub ID,GitHub Email,GitHub Display Name,GitHub Photo URL,Last Sign-In Time,Custom Attributes"},
		{"keycloak pbkdf2", "keycloak", keycloak(`{"hashIterations":1000,"algorithm":"pbkdf2-sha256","additionalParameters":{}}`, `{"value":"`+b64(key)+`","salt":"`+b64(salt)+`","additionalParameters":{}}`), "id,username,emailVerified,attributes.shoe,realmRoles"},
		{"keycloak argon2", "keycloak", keycloak(`{"hashIterations":2,"algorithm":"argon2","additionalParameters":{"hashLength":["32"],"memory":["64"],"type":["id"],"version":["1.3"],"parallelism":["1"]}}`, `{"value":"`+b64(argon)+`","salt":"`+b64(salt)+`","additionalParameters":{}}`), "id,username,emailVerified,attributes.shoe,realmRoles"},
		{"okta bcrypt", "okta", `[{"id":"00u","status":"ACTIVE","created":"2024-04-22T00:00:00.000Z","profile":{"firstName":"Ann","lastName":"Lee","email":"ann@example.com","login":"ann@example.com"},"credentials":{"password":{"hash":{"algorithm":"BCRYPT","workFactor":4,"salt":"` + made[7:29] + `","value":"` + made[29:] + `"}},"provider":{"type":"IMPORT","name":"IMPORT"}}}]`, "id,profile.login,credentials.provider.type,credentials.provider.name"},
		{"okta sha256", "okta", `[{"status":"ACTIVE","profile":{"email":"ann@example.com","login":"a"},"credentials":{"password":{"hash":{"algorithm":"SHA-256","salt":"` + b64(salt) + `","saltOrder":"POSTFIX","value":"` + b64(sum([]byte(right), salt)) + `"}}}}]`, "profile.login"},
		{"okta pbkdf2", "okta", `[{"status":"ACTIVE","profile":{"email":"ann@example.com","login":"a"},"credentials":{"password":{"hash":{"algorithm":"PBKDF2","digestAlgorithm":"SHA256_HMAC","iterationCount":1000,"keySize":32,"salt":"` + b64(salt) + `","value":"` + b64(key) + `"}}}}]`, "profile.login"},
		{"kratos", "kratos", `[{"id":"k","schema_id":"default","state":"active","traits":{"email":"ann@example.com","name":{"first":"Ann","last":"Lee"},"newsletter":true},"created_at":"2024-04-22T00:00:00Z","credentials":{"password":{"type":"password","identifiers":["ann@example.com"],"config":{"hashed_password":"` + made + `"}}},"verifiable_addresses":[{"value":"x"}]}]`,
			"id,schema_id,traits.newsletter,credentials.password.type,credentials.password.identifiers,verifiable_addresses"},
	} {
		f, cols, recs := identify(t, c.file)
		if f.Name != c.format {
			t.Errorf("%s is taken for %s", c.name, f.Name)
			continue
		}
		if left := strings.Join(LeftBehind(cols), ","); left != c.left {
			t.Errorf("%s leaves %s\nwant %s", c.name, left, c.left)
		}
		rec := recs[0]
		if rec.Email != "ann@example.com" || len(rec.Problems) > 0 {
			t.Errorf("%s: %s", c.name, told(t, rec))
			continue
		}
		stored, err := rec.Hash.Stored()
		if err != nil {
			t.Errorf("%s: %+v: %v", c.name, rec.Hash, err)
			continue
		}
		h := passwordtest.New(system.Real())
		for password, want := range map[string]bool{right: true, "user2password": false} {
			if got := verifies(t, h, password, stored); got != want {
				t.Errorf("%s: %q is right: %v (%s)", c.name, password, got, stored)
			}
		}
	}
	// What is not known how to check is told, and no password is taken.
	for _, file := range []string{
		`{"email":"a@x.com","custom_password_hash":{"algorithm":"md4","hash":{"value":"00","encoding":"hex"}}}`,
		`{"email":"a@x.com","custom_password_hash":{"algorithm":"scrypt","hash":{"value":"AAAAAAAAAAAAAAAAAAAAAA==","encoding":"base64"},"salt":{"value":"c2FsdA==","encoding":"base64"},"keylen":64}}`,
		`{"email":"a@x.com","custom_password_hash":{"algorithm":"scrypt","hash":{"value":"AAAAAAAAAAAAAAAAAAAAAA==","encoding":"base64"},"salt":{"value":"c2FsdA==","encoding":"base64"},"keylen":16,"cost":1000}}`,
		`{"email":"a@x.com","custom_password_hash":{"algorithm":"sha256","hash":{"value":"zz","encoding":"hex"},"password":{"encoding":"utf16le"}}}`,
		`{"username":"a","enabled":true,"email":"a@x.com","credentials":[{"type":"password","secretData":"{","credentialData":"{}"}]}`,
		`{"status":"ACTIVE","profile":{"email":"a@x.com","login":"a"},"credentials":{"password":{"hash":{"algorithm":"ROT13","value":"n"}}}}`,
	} {
		_, _, recs := identify(t, file)
		if len(recs) != 1 || recs[0].Hash.Hash != "" || len(recs[0].Problems) != 1 || recs[0].Problems[0].Code != BadHash {
			t.Errorf("%s: %+v", file, recs)
		}
	}
	for _, bad := range []string{"", "rounds: 8", "hash_config { algorithm: BCRYPT, base64_signer_key: a, rounds: 8, mem_cost: 14 }"} {
		if _, err := ParseFirebaseHash(bad); err == nil {
			t.Errorf("%q passes", bad)
		}
	}
}

// Files without a header are known by any first row, which may lack an address and what
// later rows have at their ends.
func TestHeadlessFiles(t *testing.T) {
	const (
		nobody = "u0,,false,,,,,,,,,,,,,,,,,,,,,1713744000123,1713744000123,,,\n"
		ann    = "u1,ann@example.com,true,,,Ann Lee,,,,,,,,,,,,,,,,,,1713744000123,1713744000123,,,\n"
		bob    = "u2,bob@example.com,false,,,\"Lee, Bob\",,,,,,,,,,,,,,,,,,1713744000123,,+491,false,\"{\"\"a\"\":1}\",\n"
	)
	for _, file := range []string{ann + bob, nobody + ann + bob, bob + ann} {
		f, _, recs := identify(t, file)
		if f.Name != "firebase" {
			t.Errorf("%q is taken for %s", file, f.Name)
			continue
		}
		for _, rec := range recs {
			switch {
			case rec.Email == "" && rec.Problems[0].Code == NoEmail:
			case rec.Email == "ann@example.com" && rec.FirstName == "Ann" && len(rec.Problems) == 0:
			case rec.Email == "bob@example.com" && rec.FirstName == "Bob" && rec.Phone == "+491" && len(rec.Problems) == 0:
			default:
				t.Errorf("%q: %s", file, told(t, rec))
			}
		}
	}
}

// Without the parameters of Firebase's hashes it is told what is missing.
func TestHashesWithoutTheirConfig(t *testing.T) {
	f, cols, recs := identify(t, `{"users":[{"localId":"1","email":"a@x.com","passwordHash":"AAAA","salt":"BBBB"},{"localId":"2","email":"b@x.com"}]}`)
	for i, want := range []string{NoHashConfig, ""} {
		rec := Record{Rows: recs[i].Rows}
		s := Settings{Format: f, Kind: Customers, Columns: cols, Now: 1_900_000_000}
		s.fill(&rec)
		code := ""
		if len(rec.Problems) > 0 {
			code = rec.Problems[0].Code
		}
		if code != want || rec.Hash.Hash != "" || rec.Refused() {
			t.Errorf("%d: %+v", i, rec.Problems)
		}
	}
}

// identify reads a file as an import does.
func identify(t testing.TB, file string) (*Format, []Column, []Record) {
	t.Helper()
	layout, err := table.Detect(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if names, ok := Headless(layout.Header); ok {
		layout.Header, layout.Headless = names, true
	}
	matches := Recognise(layout.Header)
	if len(matches) == 0 {
		t.Fatalf("nobody knows %q", layout.Header)
	}
	config, err := ParseFirebaseHash(firebaseConfig)
	if err != nil {
		t.Fatal(err)
	}
	f := matches[0].Format
	cols := f.Map(f.Kind, layout.Header, nil, Own{})
	rows, err := table.NewReader(strings.NewReader(file), layout)
	if err != nil {
		t.Fatal(err)
	}
	r := NewReader(rows, Settings{Format: f, Columns: cols, Now: 1_900_000_000, Firebase: config})
	var out []Record
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return f, cols, out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, rec)
	}
}

func bcryptOf(t *testing.T, text string) string {
	t.Helper()
	b, err := bcrypt.GenerateFromPassword([]byte(text), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func verifies(t *testing.T, h *password.Hasher, text, stored string) bool {
	t.Helper()
	ok, err := h.Verify(t.Context(), password.Party{StoreID: 1, Name: "test"}, stored, text)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

// Whatever stands in a file, records are read or refused, and no hash is taken that
// cannot be checked.
func FuzzIdentities(f *testing.F) {
	f.Add(`{"username":"a","enabled":true,"email":"a@x.com","credentials":[{"type":"password","secretData":"{\"value\":\"AAAA\",\"salt\":\"BBBB\"}","credentialData":"{\"hashIterations\":1,\"algorithm\":\"pbkdf2\"}"}]}`)
	f.Add(`[{"status":"ACTIVE","profile":{"email":"a@x.com","login":"a"},"credentials":{"password":{"hash":{"algorithm":"BCRYPT","workFactor":-1,"salt":"","value":"\u0000"}}}}]`)
	f.Add(`{"users":[{"localId":"1","email":"a@x.com","passwordHash":"$","salt":"$"}]}`)
	f.Add(`{"email":"a@x.com","custom_password_hash":{"algorithm":"hmac","hash":{"digest":":"}}}` + "\nnonsense\n{")
	f.Fuzz(func(t *testing.T, file string) {
		layout, err := table.Detect(strings.NewReader(file))
		if err != nil {
			return
		}
		for _, format := range identities {
			rows, err := table.NewReader(strings.NewReader(file), layout)
			if err != nil {
				t.Fatal(err)
			}
			r := NewReader(rows, Settings{Format: format, Columns: format.Map(Customers, layout.Header, nil, Own{}), Now: 1_900_000_000, Firebase: &FirebaseHash{Key: "AA", Rounds: 8, Memory: 14}})
			end := int64(0)
			for {
				rec, err := r.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if rec.End() <= end {
					t.Fatalf("%q: a record ends at %d, the one before at %d", file, rec.End(), end)
				}
				end = rec.End()
				if _, err := rec.Hash.Stored(); rec.Hash.Hash != "" && err != nil {
					t.Fatalf("%q: %+v: %v", file, rec.Hash, err)
				}
			}
		}
	})
}

// Who may not sign in there is rejected, by each system's own word for it.
func TestBlockedAccounts(t *testing.T) {
	for _, c := range []struct{ format, file, blocked, open string }{
		{"auth0", `[{"user_id":"1","email":"ann@example.com","email_verified":true,"blocked":%s}]`, `true`, `false`},
		{"firebase", `{"users":[{"localId":"1","email":"ann@example.com","disabled":%s}]}`, `true`, `false`},
		{"keycloak", `[{"username":"ann","email":"ann@example.com","createdTimestamp":1713744000123,"enabled":%s}]`, `false`, `true`},
		{"okta", `[{"status":%s,"profile":{"email":"ann@example.com","login":"ann"}}]`, `"SUSPENDED"`, `"PASSWORD_EXPIRED"`},
		{"okta", `[{"status":%s,"profile":{"email":"ann@example.com","login":"ann"}}]`, `"DEPROVISIONED"`, `"ACTIVE"`},
		{"kratos", `[{"schema_id":"default","state":%s,"traits":{"email":"ann@example.com"}}]`, `"inactive"`, `"active"`},
	} {
		for value, want := range map[string]int{c.blocked: 1, c.open: 0} {
			f, _, recs := identify(t, fmt.Sprintf(c.file, value))
			if f.Name != c.format || len(recs) != 1 || len(recs[0].Problems) != want {
				t.Errorf("%s with %s: %s, %+v", c.format, value, f.Name, recs)
			} else if want > 0 && (recs[0].Problems[0].Code != IsBlocked || recs[0].Problems[0].Warning) {
				t.Errorf("%s with %s: %+v", c.format, value, recs[0].Problems)
			}
		}
	}
}
