package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"image"
	_ "image/gif"  // which logos may be
	_ "image/jpeg" // likewise
	_ "image/png"  // likewise
	"regexp"
	"strconv"

	_ "golang.org/x/image/webp" // likewise

	"clientele/internal/fault"
	"clientele/internal/sqldb"
)

const (
	// LogoPath is where a store's hosts have its own logo, by its name.
	LogoPath = "/logo/"
	// MaxLogo bounds the file of a logo, in bytes, and maxLogoSide each of its sides,
	// in pixels.
	MaxLogo     = 256 << 10
	maxLogoSide = 4096
)

// Logo is a picture that is kept with the store. Its name is made of its contents.
type Logo struct {
	Name, Type    string
	Width, Height int
	Data          []byte
	Time          int64 // when it came
}

// logoTypes are the endings of names, by the type of a picture. Pictures that can hold
// scripts, such as SVG, are not among them.
var logoTypes = map[string]string{"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}

var logoName = regexp.MustCompile(`^` + LogoPath + `[0-9a-f]{32}\.(png|jpg|gif|webp)$`)

// IsOwnLogo reports whether the logo of settings is a picture that is kept with the
// store: then it is the path on the store's hosts.
func IsOwnLogo(logoURL string) bool { return logoName.MatchString(logoURL) }

// LogoAt is where the logo is for who comes by one of the store's hosts, given as the
// beginning of its addresses; empty: there is none, or none of its own at no host.
func (s *Settings) LogoAt(host string) string {
	switch {
	case !IsOwnLogo(s.LogoURL):
		return s.LogoURL
	case host == "":
		return ""
	}
	return host + s.LogoURL
}

// readLogo finds out by the contents what picture a file is.
func readLogo(data []byte) (*Logo, error) {
	switch {
	case len(data) == 0:
		return nil, wrongLogo(fault.Required, "", "")
	case len(data) > MaxLogo:
		return nil, wrongLogo(fault.TooLong, WhyLogoSize, strconv.Itoa(MaxLogo>>10))
	}
	out := &Logo{Data: data}
	if c, format, err := image.DecodeConfig(bytes.NewReader(data)); err == nil {
		out.Type, out.Width, out.Height = "image/"+format, c.Width, c.Height
	}
	ending := logoTypes[out.Type]
	if ending == "" || out.Width < 1 || out.Height < 1 {
		return nil, wrongLogo(fault.BadFormat, WhyLogo, "")
	}
	if out.Width > maxLogoSide || out.Height > maxLogoSide {
		return nil, wrongLogo(fault.OutOfRange, WhyLogoSide, strconv.Itoa(maxLogoSide))
	}
	sum := sha256.Sum256(data)
	out.Name = hex.EncodeToString(sum[:16]) + "." + ending
	return out, nil
}

func wrongLogo(code fault.Code, why fault.Reason, want string) error {
	return fault.Broken(fault.Invalid, fault.Item{Field: FieldLogo, Code: code, Why: why, Want: want})
}

var (
	putLogo = sqldb.Static(`INSERT INTO store_logos (store_id, name, kind, width, height, data, date_created) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (store_id) DO UPDATE SET name = EXCLUDED.name, kind = EXCLUDED.kind, width = EXCLUDED.width, height = EXCLUDED.height, data = EXCLUDED.data, date_created = EXCLUDED.date_created`)
	dropLogo   = sqldb.Static(`DELETE FROM store_logos WHERE store_id = $1`)
	selectLogo = sqldb.Static(`SELECT name, kind, width, height, data, date_created FROM store_logos WHERE store_id = $1`)
	nameOfLogo = sqldb.Static(`SELECT name FROM store_logos WHERE store_id = $1`)
)

// PutLogo keeps a picture with a store, in place of the one before, and has the
// settings name it.
func (s *Service) PutLogo(ctx context.Context, id int64, data []byte) error {
	logo, err := readLogo(data)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, id, func(tx *sqldb.Tx) error {
		if err := tx.Exec(putLogo, logo.Name, logo.Type, int64(logo.Width), int64(logo.Height), logo.Data, s.sys.Now()); err != nil {
			return err
		}
		return s.ChangeSettingsTx(tx, map[string]any{"logo_url": LogoPath + logo.Name})
	})
}

// RemoveLogo takes the picture away that is kept with a store, and has the settings
// name none if they name it.
func (s *Service) RemoveLogo(ctx context.Context, id int64) error {
	return s.db.Write(ctx, id, func(tx *sqldb.Tx) error {
		have, err := storedSettings(tx)
		if err != nil {
			return err
		}
		if IsOwnLogo(have.LogoURL) {
			if err := s.ChangeSettingsTx(tx, map[string]any{"logo_url": nil}); err != nil {
				return err
			}
		}
		return tx.Exec(dropLogo)
	})
}

// Logo returns the picture that is kept with a store, or nil.
func (s *Service) Logo(ctx context.Context, id int64) (out *Logo, err error) {
	err = s.db.Read(ctx, id, func(tx *sqldb.Tx) error {
		out = nil
		return tx.Query(selectLogo, func(r *sqldb.Row) error {
			out = &Logo{Name: r.Text(0), Type: r.Text(1), Width: int(r.Int(2)), Height: int(r.Int(3)), Data: bytes.Clone(r.Bytes(4)), Time: r.Int(5)}
			return nil
		})
	})
	return out, err
}

// keepsLogo refuses settings that name a picture which is not kept with the store.
func (s *Settings) keepsLogo(tx *sqldb.Tx, before *Settings) error {
	if s.LogoURL == before.LogoURL || !IsOwnLogo(s.LogoURL) {
		return nil
	}
	there := false
	if err := tx.Query(nameOfLogo, func(r *sqldb.Row) error { there = LogoPath+r.Text(0) == s.LogoURL; return nil }); err != nil || there {
		return err
	}
	return fault.Broken(fault.Invalid, fault.Item{Field: FieldLogoURL, Code: fault.Unknown, Why: WhyNoLogo})
}
