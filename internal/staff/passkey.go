package staff

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"clientele/internal/fault"
	"clientele/internal/sqldb"
)

// Bounds of passkeys.
const (
	maxPasskeys    = 20
	maxPasskeyName = 100
)

// Passkey is a credential of a device.
type Passkey struct {
	ID, Name      string
	Created, Used int64 // Used: 0 is never

	credential webauthn.Credential
}

const passkeyColumns = `p.id, p.name, p.credential, p.date_created, p.date_used`

var (
	passkeysOf    = sqldb.Global(`SELECT ` + passkeyColumns + ` FROM staff_passkeys p WHERE p.staff_id = $1 ORDER BY p.date_created, p.id`)
	insertPasskey = sqldb.Global(`INSERT INTO staff_passkeys (id, staff_id, name, credential, date_created, date_used) VALUES ($1, $2, $3, $4, $5, 0)`)
	usePasskey    = sqldb.Global(`UPDATE staff_passkeys SET credential = $3, date_used = $4 WHERE id = $1 AND staff_id = $2`)
	dropPasskey   = sqldb.Global(`DELETE FROM staff_passkeys WHERE id = $1 AND staff_id = $2`)
	dropPasskeys  = sqldb.Global(`DELETE FROM staff_passkeys WHERE staff_id = $1`)
)

func scanPasskey(r *sqldb.Row) (Passkey, error) {
	p := Passkey{ID: r.Text(0), Name: r.Text(1), Created: r.Int(3), Used: r.Int(4)}
	return p, json.Unmarshal([]byte(r.Text(2)), &p.credential)
}

func readPasskeys(tx *sqldb.Tx, staffID int64) (out []Passkey, err error) {
	err = tx.Query(passkeysOf, func(r *sqldb.Row) error {
		p, err := scanPasskey(r)
		out = append(out, p)
		return err
	}, staffID)
	return out, err
}

// Passkeys returns a person's passkeys, the oldest first.
func (s *Service) Passkeys(ctx context.Context, staffID int64) (out []Passkey, err error) {
	err = s.read(ctx, func(tx *sqldb.Tx) error { out, err = readPasskeys(tx, staffID); return err })
	return out, err
}

// Site is what passkeys are bound to: the panel's host and what its addresses
// begin with.
type Site struct{ Host, Origin string }

// site returns the library's view of a site.
func (s Site) webauthn() (*webauthn.WebAuthn, error) {
	return webauthn.New(&webauthn.Config{
		RPID: s.Host, RPDisplayName: "Clientele", RPOrigins: []string{s.Origin},
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired},
	})
}

// holder is a person as the library sees one.
type holder struct {
	*Person
	keys []Passkey
}

func id(n int64) string { return strconv.FormatInt(n, 10) }

// WebAuthnID implements webauthn.User.
func (h holder) WebAuthnID() []byte { return []byte("staff-" + id(h.ID)) }

// WebAuthnName implements webauthn.User.
func (h holder) WebAuthnName() string { return h.Email }

// WebAuthnDisplayName implements webauthn.User.
func (h holder) WebAuthnDisplayName() string { return h.Name }

// WebAuthnCredentials implements webauthn.User.
func (h holder) WebAuthnCredentials() []webauthn.Credential {
	out := make([]webauthn.Credential, len(h.keys))
	for i := range h.keys {
		out[i] = h.keys[i].credential
	}
	return out
}

// Ceremony is what a browser is asked for, as JSON, and the token to answer
// with.
type Ceremony struct {
	Options []byte
	Token   string
}

// begin keeps what a ceremony began with.
func (s *Service) begin(ctx context.Context, staffID int64, options any, data *webauthn.SessionData) (*Ceremony, error) {
	text, err := json.Marshal(data)
	if err != nil {
		return nil, err
	}
	out := &Ceremony{Token: s.sys.Hex(32)}
	if out.Options, err = json.Marshal(options); err != nil {
		return nil, err
	}
	return out, s.write(ctx, func(tx *sqldb.Tx) error {
		return s.issue(tx, out.Token, forCeremony, staffID, string(text), ceremonyLife)
	})
}

// began takes what a ceremony of a person began with, once.
func (s *Service) began(tx *sqldb.Tx, t string, staffID int64) (webauthn.SessionData, error) {
	var out webauthn.SessionData
	have, err := redeem(tx, t, forCeremony, s.sys.Now())
	if err != nil {
		return out, err
	}
	if have.staffID != staffID {
		return out, ErrLink
	}
	return out, json.Unmarshal([]byte(have.data), &out)
}

// BeginPasskey begins to make a passkey of who is signed in.
func (s *Service) BeginPasskey(ctx context.Context, in *Signed, at Site) (*Ceremony, error) {
	w, err := at.webauthn()
	if err != nil {
		return nil, err
	}
	keys, err := s.Passkeys(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	who := holder{&in.Person, keys}
	options, data, err := w.BeginRegistration(who, webauthn.WithExclusions(webauthn.Credentials(who.WebAuthnCredentials()).CredentialDescriptors()))
	if err != nil {
		return nil, err
	}
	return s.begin(ctx, in.ID, options, data)
}

// FinishPasskey keeps a passkey of who is signed in. What else comes with it is
// told at ConfirmTOTP.
func (s *Service) FinishPasskey(ctx context.Context, in *Signed, at Site, t, name string, answer []byte, c Client) (codes []string, g Grant, err error) {
	w, err := at.webauthn()
	if err != nil {
		return nil, g, err
	}
	f := &fault.Collector{}
	if name = strings.TrimSpace(name); name == "" {
		name = "Passkey"
	}
	if f.Length(FieldName, name, 1, maxPasskeyName); len(f.Items) > 0 {
		return nil, g, f.Err(fault.Invalid)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBody(bytes.NewReader(answer))
	if err != nil {
		return nil, g, ErrPasskey
	}
	err = s.write(ctx, func(tx *sqldb.Tx) error {
		who, err := s.self(tx, in)
		if err != nil {
			return err
		}
		keys, err := readPasskeys(tx, who.ID)
		if err != nil {
			return err
		}
		if len(keys) >= maxPasskeys {
			return fault.Broken(fault.Invalid, fault.Item{Field: FieldName, Code: fault.TooManyItems, Why: WhyManyPasskeys, Want: strconv.Itoa(maxPasskeys)})
		}
		data, err := s.began(tx, t, who.ID)
		if err != nil {
			return err
		}
		made, err := w.CreateCredential(holder{who, keys}, data, parsed)
		if err != nil {
			return ErrPasskey
		}
		text, err := json.Marshal(made)
		if err != nil {
			return err
		}
		now := s.sys.Now()
		if err := tx.Exec(insertPasskey, base64.RawURLEncoding.EncodeToString(made.ID), who.ID, name, string(text), now); err != nil {
			return err
		}
		if err := tx.Exec(touchUser, who.ID, now); err != nil {
			return err
		}
		codes, g, err = s.enrolled(tx, in, who, c)
		return err
	})
	return codes, g, err
}

// RemovePasskey takes a passkey away from who is signed in.
func (s *Service) RemovePasskey(ctx context.Context, in *Signed, passkey string) error {
	return s.write(ctx, func(tx *sqldb.Tx) error {
		who, err := s.self(tx, in)
		if err != nil {
			return err
		}
		n, err := tx.ExecCount(dropPasskey, passkey, who.ID)
		if err != nil || n == 0 {
			return err
		}
		now := s.sys.Now()
		if err := tx.Exec(touchUser, who.ID, now); err != nil {
			return err
		}
		return s.factorGone(tx, who, who.HasTOTP || who.Passkeys > 1, now)
	})
}

// BeginAnswer begins to ask for a passkey: of who is signed in or waits for a
// second factor, or, for nil, of anybody.
func (s *Service) BeginAnswer(ctx context.Context, in *Signed, at Site) (*Ceremony, error) {
	w, err := at.webauthn()
	if err != nil {
		return nil, err
	}
	if in == nil {
		options, data, err := w.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
		if err != nil {
			return nil, err
		}
		return s.begin(ctx, 0, options, data)
	}
	keys, err := s.Passkeys(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, ErrPasskey
	}
	options, data, err := w.BeginLogin(holder{&in.Person, keys}, webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, err
	}
	return s.begin(ctx, in.ID, options, data)
}

// SignInByPasskey signs in whose passkey answers: without a password, or, for
// who waits for a second factor, after it. For who is signed in it is a proof.
func (s *Service) SignInByPasskey(ctx context.Context, in *Signed, at Site, t string, answer []byte, c Client) (g Grant, err error) {
	w, err := at.webauthn()
	if err != nil {
		return g, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBody(bytes.NewReader(answer))
	if err != nil {
		return g, ErrPasskey
	}
	err = s.write(ctx, func(tx *sqldb.Tx) error {
		staffID := int64(0)
		if in != nil {
			staffID = in.ID
		}
		data, err := s.began(tx, t, staffID)
		if err != nil {
			return err
		}
		if in == nil {
			n, err := strconv.ParseInt(strings.TrimPrefix(string(parsed.Response.UserHandle), "staff-"), 10, 64)
			if err != nil {
				return ErrPasskey
			}
			staffID = n
		}
		who, err := personByID(tx, staffID)
		if err != nil {
			return err
		}
		if who == nil {
			return ErrPasskey
		}
		keys, err := readPasskeys(tx, who.ID)
		if err != nil {
			return err
		}
		h := holder{who, keys}
		var used *webauthn.Credential
		if in == nil {
			used, err = w.ValidateDiscoverableLogin(func([]byte, []byte) (webauthn.User, error) { return h, nil }, data, parsed)
		} else {
			used, err = w.ValidateLogin(h, data, parsed)
		}
		if err != nil || used.Authenticator.CloneWarning {
			return ErrPasskey
		}
		text, err := json.Marshal(used)
		if err != nil {
			return err
		}
		now := s.sys.Now()
		if err := tx.Exec(usePasskey, base64.RawURLEncoding.EncodeToString(used.ID), who.ID, string(text), now); err != nil {
			return err
		}
		switch {
		case in == nil:
			g, err = s.enter(tx, who, c, byPasskey)
		case in.Session.Stage == NeedsFactor:
			if _, err = s.self(tx, in); err == nil {
				g, err = s.enter(tx, who, c, byBoth)
			}
		default:
			if _, err = s.self(tx, in); err == nil {
				c.Previous = ""
				if err = tx.Exec(endSession, in.Session.hash, now); err == nil {
					g, err = s.open(tx, who, in.Session.Stage, now, in.Session.Expires, c)
				}
			}
		}
		return err
	})
	return g, err
}
