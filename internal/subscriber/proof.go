package subscriber

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"clientele/internal/history"
	"clientele/internal/sqldb"
)

// Proof is what shows that a consent was given or taken back, beside who sent
// the request and when.
type Proof struct {
	// Surface is the door by which it came.
	Surface string `json:"surface,omitempty"`
	Shown
	// Confirmed is how it was confirmed; empty: it was not.
	Confirmed string `json:"confirmed,omitempty"`
	// Asked is the request that was confirmed.
	Asked *Asked `json:"asked,omitempty"`
	// ActorKind and ActorName are of who acted for the person, Impersonation is
	// that in whose session it was; empty where it was the person or, as Origin
	// tells, an API account.
	ActorKind     string `json:"actor_kind,omitempty"`
	ActorName     string `json:"actor_name,omitempty"`
	Impersonation int64  `json:"impersonation_id,omitempty"`
	// Ground is what somebody of the shop says, in their words, that a consent rests
	// on which they entered, or why they took it back. Anew tells that the person agreed again after they had left.
	Ground string `json:"ground,omitempty"`
	Anew   bool   `json:"reconsent,omitempty"`
	// Undoes is the entry that this one takes back, as it was not meant: 0 for none.
	Undoes int64 `json:"undoes,omitempty"`
}

// ByEmail is how a consent is confirmed by a link that was emailed to the
// address (double opt-in).
const ByEmail = "emailed_link"

// Shown is what a person was shown who gave a consent.
type Shown struct {
	// Place is the address of the page, or of the site that asked.
	Place string `json:"place,omitempty"`
	// Locale is the text's language. Version is the beginning of the text's
	// SHA-256: texts are kept once.
	Locale  string `json:"locale,omitempty"`
	Version string `json:"text_version,omitempty"`
	Text    string `json:"-"`
}

// Asked is a request for a subscription that waited to be confirmed.
type Asked struct {
	Time int64  `json:"time"`
	IP   string `json:"ip_address,omitempty"`
	Shown
}

// versioned returns what was shown with the version of its text.
func (s Shown) versioned() Shown {
	if s.Text != "" {
		sum := sha256.Sum256([]byte(s.Text))
		s.Version = hex.EncodeToString(sum[:8])
	}
	return s
}

// Came returns the origin with what a context tells of the write.
func (o Origin) Came(ctx context.Context) Origin {
	if ctx == nil || o.Proof.Surface != "" {
		return o
	}
	from := history.Of(ctx)
	if from.Surface == history.Inside {
		return o // a test, or the program itself
	}
	o.Proof.Surface = from.Surface.String()
	o.Proof.Impersonation = from.Impersonation
	if from.Impersonation != 0 || from.Actor.Kind == history.ByToken || from.Actor.Kind == history.Staff {
		o.Proof.ActorKind, o.Proof.ActorName = from.Actor.Kind.String(), from.Actor.Name
	}
	return o
}

// proof is the column of a proof.
func (o *Origin) proof() string {
	p := o.Proof
	p.Shown = p.Shown.versioned()
	if p.Asked != nil {
		asked := *p.Asked
		asked.Shown = asked.Shown.versioned()
		p.Asked = &asked
	}
	if p == (Proof{}) {
		return ""
	}
	b, err := json.Marshal(&p)
	if err != nil {
		return "" // texts and numbers always become JSON
	}
	return string(b)
}

func parseProof(text string) (p Proof) {
	if text != "" {
		_ = json.Unmarshal([]byte(text), &p) // what this program wrote
	}
	return p
}

var (
	keepText   = sqldb.Static(`INSERT INTO consent_texts (store_id, version, text, date_created) VALUES ($1, $2, $3, $4) ON CONFLICT (store_id, version) DO NOTHING`)
	selectText = sqldb.Static(`SELECT text FROM consent_texts WHERE store_id = $1 AND version = $2`)
)

// keepTexts keeps the texts that were shown.
func keepTexts(tx *sqldb.Tx, now int64, by ...Origin) error {
	kept := map[string]bool{"": true}
	for i := range by {
		shown := []Shown{by[i].Proof.Shown}
		if a := by[i].Proof.Asked; a != nil {
			shown = append(shown, a.Shown)
		}
		for _, s := range shown {
			s = s.versioned()
			if s.Text == "" || kept[s.Version] {
				continue
			}
			kept[s.Version] = true
			if err := tx.Exec(keepText, s.Version, s.Text, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// readTexts fills the texts in that changes name.
func readTexts(tx *sqldb.Tx, changes []Change) error {
	texts := map[string]string{}
	fill := func(s *Shown) error {
		if s.Version == "" {
			return nil
		}
		text, known := texts[s.Version]
		if !known {
			if err := tx.Query(selectText, func(r *sqldb.Row) error { text = r.Text(0); return nil }, s.Version); err != nil {
				return err
			}
			texts[s.Version] = text
		}
		s.Text = text
		return nil
	}
	for i := range changes {
		p := &changes[i].Proof
		if err := fill(&p.Shown); err != nil {
			return err
		}
		if p.Asked != nil {
			if err := fill(&p.Asked.Shown); err != nil {
				return err
			}
		}
	}
	return nil
}
