package store

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"
	_ "time/tzdata" // stores have time zones wherever the program runs

	"clientele/internal/fault"
	"clientele/internal/sqldb"
)

// FaviconPath is where every storefront's host has an icon, made of the store's
// name and colour. It is the favicon of a store that has chosen none.
const FaviconPath = "/assets/favicon.svg"

// Settings are what a store tells about itself. A seed file sets them; what
// it leaves out has a default.
type Settings struct {
	Name        string `json:"-" yaml:"-"` // the store's
	Hash        string `json:"-" yaml:"-"`
	DateCreated int64  `json:"-" yaml:"-"`
	StoreID     int64  `json:"-" yaml:"-"`

	Domain           string `json:"domain,omitempty" yaml:"domain"`         // default: of SecureURL
	SecureURL        string `json:"secure_url,omitempty" yaml:"secure_url"` // default: the first channel's
	ControlPanelURL  string `json:"control_panel_base_url,omitempty" yaml:"control_panel_base_url"`
	Status           string `json:"status,omitempty" yaml:"status"`
	FirstName        string `json:"first_name,omitempty" yaml:"first_name"`
	LastName         string `json:"last_name,omitempty" yaml:"last_name"`
	Address          string `json:"address,omitempty" yaml:"address"`
	CountryCode      string `json:"country_code,omitempty" yaml:"country_code"`
	Phone            string `json:"phone,omitempty" yaml:"phone"`
	AdminEmail       string `json:"admin_email,omitempty" yaml:"admin_email"`
	OrderEmail       string `json:"order_email,omitempty" yaml:"order_email"`
	FaviconURL       string `json:"favicon_url,omitempty" yaml:"favicon_url"`
	LogoURL          string `json:"logo_url,omitempty" yaml:"logo_url"`
	Timezone         string `json:"timezone,omitempty" yaml:"timezone"` // an IANA name
	DisplayDate      string `json:"display_date_format,omitempty" yaml:"display_date_format"`
	ExportDate       string `json:"export_date_format,omitempty" yaml:"export_date_format"`
	ExtendedDate     string `json:"extended_display_date_format,omitempty" yaml:"extended_display_date_format"`
	Language         string `json:"language,omitempty" yaml:"language"`
	Currency         string `json:"currency,omitempty" yaml:"currency"`
	CurrencySymbol   string `json:"currency_symbol,omitempty" yaml:"currency_symbol"`
	SymbolLocation   string `json:"currency_symbol_location,omitempty" yaml:"currency_symbol_location"`
	DecimalSeparator string `json:"decimal_separator,omitempty" yaml:"decimal_separator"`
	ThousandsMark    string `json:"thousands_separator,omitempty" yaml:"thousands_separator"`
	DecimalPlaces    *int   `json:"decimal_places,omitempty" yaml:"decimal_places"`
	WeightUnits      string `json:"weight_units,omitempty" yaml:"weight_units"`
	DimensionUnits   string `json:"dimension_units,omitempty" yaml:"dimension_units"`
	PlanName         string `json:"plan_name,omitempty" yaml:"plan_name"`
	PlanLevel        string `json:"plan_level,omitempty" yaml:"plan_level"`
	// PlanGroups and PlanSegmentation are false for a plan without them.
	PlanGroups       *bool  `json:"plan_customer_groups,omitempty" yaml:"plan_customer_groups"`             // default true
	PlanSegmentation *bool  `json:"plan_customer_segmentation,omitempty" yaml:"plan_customer_segmentation"` // default true
	Industry         string `json:"industry,omitempty" yaml:"industry"`
	PricesWithTax    bool   `json:"is_price_entered_with_tax,omitempty" yaml:"is_price_entered_with_tax"`
	// NegativeCredit allows debits of store credit below zero.
	// RefuseSuppressed keeps the management API from subscribing an address whose
	// person was erased.
	RefuseSuppressed bool `json:"refuse_suppressed_addresses,omitempty" yaml:"refuse_suppressed_addresses"`
	NegativeCredit   bool `json:"allow_negative_store_credit,omitempty" yaml:"allow_negative_store_credit"`

	Storefront StorefrontSettings `json:"storefront,omitzero" yaml:"storefront"`
	Migration  MigrationSettings  `json:"migration,omitzero" yaml:"migration"`
}

// defaultLanguage is that of a store that does not say its own.
const defaultLanguage = "en"

// Languages returns the languages in which the store speaks to shoppers, its own
// first, each once.
func (s *Settings) Languages() []string {
	var out []string
	for _, name := range append([]string{s.Language}, s.Storefront.Locales...) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// Zone is a time zone's distance from UTC in seconds.
type Zone struct {
	Raw, Summer int  // in winter and in summer
	Saving      bool // the two differ
}

// Location returns the settings' time zone.
func (s *Settings) Location() *time.Location {
	if loc, err := time.LoadLocation(s.Timezone); err == nil {
		return loc
	}
	return time.UTC
}

// Zone returns the settings' time zone as it is in the year of now.
func (s *Settings) Zone(now time.Time) Zone {
	loc, err := time.LoadLocation(s.Timezone)
	if err != nil {
		return Zone{}
	}
	_, january := time.Date(now.Year(), 1, 1, 0, 0, 0, 0, loc).Zone()
	_, july := time.Date(now.Year(), 7, 1, 0, 0, 0, 0, loc).Zone()
	return Zone{Raw: min(january, july), Summer: max(january, july), Saving: january != july}
}

var (
	selectByID     = sqldb.Global(`SELECT ` + storeColumns + ` FROM stores WHERE id = $1`)
	selectSettings = sqldb.Static(`SELECT settings FROM store_settings WHERE store_id = $1`)
	upsertSettings = sqldb.Static(`INSERT INTO store_settings (store_id, settings) VALUES ($1, $2)
		ON CONFLICT (store_id) DO UPDATE SET settings = excluded.settings`)
	// A store has one row.
	allSettings = sqldb.Static(`SELECT '` + secretKeyRow + `', settings FROM store_settings WHERE store_id = $1 AND $2 = '' LIMIT $3`)
	putSettings = sqldb.Static(`UPDATE store_settings SET settings = $3 WHERE store_id = $1 AND $2 = '` + secretKeyRow + `' AND settings = $4`)
	// The same, for the other secret.
	allMigrations = sqldb.Static(`SELECT '` + migrationTokenRow + `', settings FROM store_settings WHERE store_id = $1 AND $2 = '' LIMIT $3`)
	putMigrations = sqldb.Static(`UPDATE store_settings SET settings = $3 WHERE store_id = $1 AND $2 = '` + migrationTokenRow + `' AND settings = $4`)
)

// PutSettings replaces a store's settings, inside tx. It returns an Invalid
// fault for what is wrong with them and was not before.
func PutSettings(tx *sqldb.Tx, s Settings) error {
	before, err := storedSettings(tx)
	if err != nil {
		return err
	}
	if err := s.checkChange(before); err != nil {
		return err
	}
	if err := s.keepsLogo(tx, before); err != nil {
		return err
	}
	for row, plain := range s.secrets() {
		if *plain, err = tx.Seal(secretSettings, row, *plain); err != nil {
			return err
		}
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return tx.Exec(upsertSettings, string(text))
}

// storedSettings returns what a store says, without defaults.
func storedSettings(tx *sqldb.Tx) (*Settings, error) {
	text := ""
	if err := tx.Query(selectSettings, func(r *sqldb.Row) error { text = r.Text(0); return nil }); err != nil {
		return nil, err
	}
	return readSettings(tx, text)
}

// The settings hold secrets, which are encrypted within their text.
var secretSettings = sqldb.Column{Table: "store_settings", Name: "settings"}

// What the secrets go by, as a store has one row of settings.
const (
	secretKeyRow      = "storefront.recaptcha.secret_key"
	migrationTokenRow = "migration.token"
)

// secrets are where the secrets are, by what they go by.
func (s *Settings) secrets() map[string]*string {
	return map[string]*string{secretKeyRow: &s.Storefront.ReCaptcha.SecretKey, migrationTokenRow: &s.Migration.Token}
}

var secretRows = []string{secretKeyRow, migrationTokenRow}

// IsSecret reports whether a setting is a secret, by its dotted name.
func IsSecret(name string) bool { return slices.Contains(secretRows, name) }

// Secrets are what this package keeps that is encrypted.
func Secrets() []sqldb.Secrets {
	return []sqldb.Secrets{
		{Column: secretSettings, Values: allSettings, Put: putSettings, Within: withinSettings(secretKeyRow)},
		{Column: secretSettings, Values: allMigrations, Put: putMigrations, Within: withinSettings(migrationTokenRow)},
	}
}

// withinSettings changes a secret within the text of settings.
func withinSettings(row string) func(text string, change func(string) (string, error)) (string, error) {
	return func(text string, change func(string) (string, error)) (string, error) {
		s := Settings{}
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			return "", err
		}
		at := s.secrets()[row]
		before := *at
		after, err := change(before)
		if err != nil || after == before {
			return text, err
		}
		*at = after
		out, err := json.Marshal(s)
		return string(out), err
	}
}

func readSettings(tx *sqldb.Tx, text string) (*Settings, error) {
	out := &Settings{}
	if text == "" {
		return out, nil
	}
	if err := json.Unmarshal([]byte(text), out); err != nil {
		return nil, fmt.Errorf("settings of store %d: %w", tx.Store(), err)
	}
	for row, at := range out.secrets() {
		plain, err := tx.Unseal(secretSettings, row, *at)
		if err != nil {
			return nil, err
		}
		*at = plain
	}
	return out, nil
}

// keptSettings are the settings of stores.
type keptSettings = sqldb.Kept[struct{}, *Settings]

func keepSettings(db *sqldb.DB) *keptSettings {
	read := func(tx *sqldb.Tx, _ struct{}) (*Settings, error) { return ReadSettings(tx) }
	return sqldb.Keep(db, read, "stores", "store_settings", "channels", "site_hosts")
}

// Settings returns a store's settings with their defaults. They are shared:
// nobody changes them.
func (s *Service) Settings(ctx context.Context, id int64) (*Settings, error) {
	return s.settings.Get(ctx, id, struct{}{})
}

// ReadSettings is Settings inside a transaction of the store.
func ReadSettings(tx *sqldb.Tx) (*Settings, error) {
	_, s, err := readStore(tx)
	return s, err
}

// readStore returns what a store says, and its settings with their defaults.
func readStore(tx *sqldb.Tx) (said Settings, all *Settings, err error) {
	id := tx.Store()
	var st Store
	var text string
	first, found := "", false
	if err := tx.Pipeline(
		sqldb.Q{Stmt: selectByID, Args: []any{id}, Each: func(r *sqldb.Row) error { st = scan(r); return nil }},
		sqldb.Q{Stmt: selectSettings, Each: func(r *sqldb.Row) error { text = r.Text(0); return nil }},
		sqldb.Q{Stmt: selectChannels, Each: func(r *sqldb.Row) error {
			if !found {
				first, found = r.Text(2), true
			}
			return nil
		}},
	); err != nil {
		return said, nil, err
	}
	if st.ID == 0 {
		return said, nil, fault.New(fault.NotFound, "there is no such store")
	}
	out, err := readSettings(tx, text)
	if err != nil {
		return said, nil, err
	}
	out.StoreID, out.Hash, out.Name, out.DateCreated = st.ID, st.Hash, st.Name, st.DateCreated
	said = *out
	out.fill(first)
	return said, out, nil
}

func (s *Settings) fill(channelURL string) {
	s.Storefront.fill()
	def := func(to *string, value string) {
		if *to == "" {
			*to = value
		}
	}
	def(&s.SecureURL, channelURL)
	if u, err := url.Parse(s.SecureURL); err == nil {
		def(&s.Domain, u.Host)
	}
	def(&s.Status, "live")
	def(&s.CountryCode, "US")
	def(&s.Timezone, "UTC")
	def(&s.DisplayDate, "M jS Y")
	def(&s.ExportDate, "M jS Y")
	def(&s.ExtendedDate, "M jS Y @ g:i A")
	def(&s.Language, defaultLanguage)
	def(&s.Currency, "USD")
	def(&s.CurrencySymbol, "$")
	def(&s.SymbolLocation, "left")
	// Each is the other one where a store sets only one of them.
	decimal, thousands := ".", ","
	if s.ThousandsMark == decimal || s.DecimalSeparator == thousands {
		decimal, thousands = thousands, decimal
	}
	def(&s.DecimalSeparator, decimal)
	def(&s.ThousandsMark, thousands)
	def(&s.WeightUnits, "Ounces")
	def(&s.DimensionUnits, "Inches")
	def(&s.PlanName, "Clientele")
	def(&s.PlanLevel, "Clientele")
	for _, has := range []**bool{&s.PlanGroups, &s.PlanSegmentation} {
		if *has == nil {
			yes := true
			*has = &yes
		}
	}
	if s.DecimalPlaces == nil {
		two := 2
		s.DecimalPlaces = &two
	}
}
