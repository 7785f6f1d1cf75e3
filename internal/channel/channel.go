// Package channel holds the channels of a store, through which it sells, and
// their sites, the addresses at which shoppers find them.
package channel

import (
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"

	"clientele/internal/fault"
	"clientele/internal/geo"
	"clientele/internal/opt"
	"clientele/internal/store"
)

// Types of channels.
const (
	Storefront  = "storefront"
	POS         = "pos"
	Marketplace = "marketplace"
	Marketing   = "marketing"
)

// Statuses of channels.
const (
	Active       = "active"
	Prelaunch    = "prelaunch"
	Inactive     = "inactive"
	Connected    = "connected"
	Disconnected = "disconnected"
	Archived     = "archived"
	Deleted      = "deleted"
	Terminated   = "terminated"
)

var (
	allTypes    = []string{Marketplace, Marketing, POS, Storefront}
	allStatuses = []string{Prelaunch, Active, Inactive, Connected, Disconnected, Archived, Deleted, Terminated}
	available   = []string{Prelaunch, Active, Inactive, Connected}
)

// platforms are the known ones with the types of channels they can have.
var platforms = map[string][]string{
	"clover": {POS}, "square": {POS}, "stripe": {POS}, "talech": {POS}, "vend": {POS},
	"amazon": {Marketplace}, "belk": {Marketplace}, "catch": {Marketplace}, "ebay": {Marketplace}, "etsy": {Marketplace},
	"hudsons_bay": {Marketplace}, "macys": {Marketplace}, "mirakl": {Marketplace}, "overstock": {Marketplace},
	"pinterest": {Marketplace}, "target_plus": {Marketplace}, "tiktok": {Marketplace}, "wayfair": {Marketplace},
	"wish": {Marketplace}, "walmart": {Marketplace},
	"facebook": {Marketplace, Marketing}, "facebook by meta": {Marketplace, Marketing}, "google": {Marketplace, Marketing},
	"instagram": {Marketplace, Marketing}, "meta": {Marketplace, Marketing}, "google_shopping": {Marketing}, "microsoft": {Marketing},
	"acquia": {Storefront}, "bigcommerce": {Storefront}, "bloomreach": {Storefront}, "catalyst": {Storefront}, "deity": {Storefront},
	"drupal": {Storefront}, "gatsby": {Storefront}, "next": {Storefront}, "vue": {Storefront}, "wordpress": {Storefront},
	"custom": {Storefront, POS, Marketing, Marketplace},
}

// Writable are the statuses that a channel of a type can be given.
func Writable(typ string) []string {
	if typ == Storefront {
		return []string{Prelaunch, Active, Inactive, Archived, Deleted}
	}
	return []string{Connected, Disconnected, Archived, Deleted}
}

const (
	maxName     = 255
	maxExternal = 255
	maxURL      = 2048
)

// Channel is a way in which a store sells.
type Channel struct {
	ID           int64
	Name         string
	Type         string
	Platform     string
	Status       string
	ExternalID   string
	IsListable   bool // products can be listed from the control panel
	IsVisible    bool // shown in the control panel
	Currencies   []string
	DateCreated  int64
	DateModified int64
	site         Site
}

// Enabled reports whether the channel's status lets it sell.
func (c *Channel) Enabled() bool {
	return c.Status == Prelaunch || c.Status == Active || c.Status == Connected
}

// gone reports whether the channel cannot be changed any more.
func (c *Channel) gone() bool { return c.Status == Deleted || c.Status == Terminated }

// Site is where shoppers find a channel; it goes by the channel's id.
type Site struct {
	ChannelID                         int64
	URL                               string
	DateCreated, DateModified         int64
	CheckoutURL                       string // "" for the URL's own
	CheckoutCreated, CheckoutModified int64
	// WhyNot tells in words why nothing is served at the URL, if its host does
	// not count: it is not proved yet, or another store's.
	WhyNot string
}

// Create is the command to make a channel. Absent fields get the defaults of
// the type.
type Create struct {
	Name       string
	Type       string
	Platform   string
	Status     opt.Field[string]
	ExternalID string
	IsListable opt.Field[bool]
	IsVisible  opt.Field[bool]
}

// Given is a channel whose id was chosen outside, such as by a seed file.
// Empty fields stay as they are, or get defaults.
type Given struct {
	ID         int64
	Name       string
	URL        string
	Type       string
	Platform   string
	Status     string
	ExternalID string
	IsListable *bool
	IsVisible  *bool
	Currencies []string
	Rules      store.HostRules // by which the URL's host is judged
}

// Update is the command to change a channel; absent fields stay.
type Update struct {
	ID         int64
	Name       opt.Field[string]
	Status     opt.Field[string]
	ExternalID opt.Field[string]
	IsListable opt.Field[bool]
	IsVisible  opt.Field[bool]
	// GivesType and GivesPlatform note what was sent and cannot change.
	GivesType, GivesPlatform bool
}

func invalid(it fault.Item) error { return fault.Broken(fault.Invalid, it) }

func (c *Create) channel(now int64) Channel {
	out := Channel{
		Name: c.Name, Type: c.Type, Platform: c.Platform, ExternalID: c.ExternalID, Currencies: []string{"USD"},
		IsListable: c.Type == Storefront, IsVisible: true, DateCreated: now, DateModified: now, Status: Connected,
	}
	if c.Type == Storefront {
		out.Status = Active
	}
	out.Status = c.Status.Or(out.Status)
	out.IsListable = c.IsListable.Or(out.IsListable)
	out.IsVisible = c.IsVisible.Or(out.IsVisible)
	return out
}

// check reports the first rule that a channel breaks. before is its status
// until now, empty for a new one.
func (c *Channel) check(before string) error {
	switch {
	case strings.TrimSpace(c.Name) == "" || utf8.RuneCountInString(c.Name) > maxName:
		return invalid(fault.Item{Field: FieldName, Code: fault.BadFormat, Why: WhyName, Want: strconv.Itoa(maxName)})
	case strings.ContainsFunc(c.Name, func(r rune) bool {
		return !unicode.Is(unicode.Latin, r) && !('0' <= r && r <= '9') && r != '-' && r != '_' && r != ' '
	}):
		return invalid(fault.Item{Code: fault.BadFormat, Why: WhyLetters})
	}
	return c.checkRest(before)
}

func (c *Channel) badStatus() error {
	return invalid(fault.Item{Field: FieldStatus, Code: fault.NotAccepted, Why: WhyStatus, Value: c.Status, Other: c.Type})
}

// checkRest is check without the name.
func (c *Channel) checkRest(before string) error {
	types, known := platforms[c.Platform]
	switch {
	case !slices.Contains(allTypes, c.Type), !known, !slices.Contains(types, c.Type):
		return invalid(fault.Item{Code: fault.NotAccepted, Why: WhyPlatform, Value: c.Type, Other: c.Platform})
	case utf8.RuneCountInString(c.ExternalID) > maxExternal || strings.ContainsRune(c.ExternalID, 0):
		return invalid(fault.Item{Field: FieldExternalID, Code: fault.TooLong, Want: strconv.Itoa(maxExternal)})
	case c.Status == before:
		return nil
	case !slices.Contains(Writable(c.Type), c.Status), before == "" && c.Status == Deleted, before != "" && c.Status == Prelaunch:
		return c.badStatus()
	case c.ID == defaultID && (c.Status == Deleted || c.Status == Archived):
		return invalid(fault.Item{Field: FieldStatus, Code: fault.NotAccepted, Why: WhyDefault})
	}
	return nil
}

func checkCurrencies(codes []string) error {
	for i, code := range codes {
		switch {
		case !geo.IsCurrency(code):
			return invalid(fault.Item{Field: FieldCurrencies, Code: fault.BadFormat, Why: WhyCurrency, Value: code})
		case slices.Contains(codes[:i], code):
			return invalid(fault.Item{Field: FieldCurrencies, Code: fault.Duplicate, Why: WhyTwice, Value: code})
		}
	}
	return nil
}

// defaultID is the channel that always exists.
const defaultID = 1

func checkURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || len(text) > maxURL || u.Scheme != "http" && u.Scheme != "https" || store.HostName(u.Host) == "" || !store.IsPort(u.Port()) || strings.ContainsAny(text, " \t") || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, invalid(fault.Item{Field: FieldURL, Code: fault.BadFormat, Why: WhyURL})
	}
	return u, nil
}

// checkCheckout returns a checkout's URL in its stored form: https, and of the
// same main domain as the site.
func checkCheckout(site, text string) (string, error) {
	u, err := checkURL(text)
	if err != nil {
		return "", err
	}
	own, err := url.Parse(site)
	if err != nil || mainDomain(u.Hostname()) != mainDomain(own.Hostname()) {
		return "", invalid(fault.Item{Code: fault.NotAccepted, Why: WhyDomain, Value: text})
	}
	u.Scheme = "https"
	return u.String(), nil
}

// mainDomain is the part of a host's name that somebody registered: shop.co.uk
// of www.shop.co.uk. Addresses and single words stand for themselves.
func mainDomain(host string) string {
	host = strings.ToLower(host)
	if net.ParseIP(host) != nil {
		return host
	}
	if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return domain
	}
	return host
}
