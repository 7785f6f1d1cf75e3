package store

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/language"

	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/geo"
	"clientele/internal/locale"
	"clientele/internal/password"
)

// Standing is what a store's status means for its shoppers, in the words of
// the original's schema.
type Standing string

// The standings.
const (
	Launched    Standing = "LAUNCHED"
	PreLaunch   Standing = "PRE_LAUNCH"
	Maintenance Standing = "MAINTENANCE"
	Hibernation Standing = "HIBERNATION"
)

// statuses are the values of the setting status. The original documents "live"
// alone and what its schema tells apart.
var statuses = []struct {
	name     string
	standing Standing
}{
	{"live", Launched}, {"pre_launch", PreLaunch}, {"prelaunch", PreLaunch}, {"trial", PreLaunch},
	{"maintenance", Maintenance}, {"down_for_maintenance", Maintenance}, {"down", Maintenance}, {"closed", Maintenance},
	{"hibernation", Hibernation}, {"hibernated", Hibernation},
}

// Standing returns what the status means. Older stores may have one that is
// written in another way, or none of the known: that is a live store's.
func (s *Settings) Standing() Standing {
	name := strings.ReplaceAll(strings.ToLower(s.Status), " ", "_")
	for _, st := range statuses {
		if st.name == name {
			return st.standing
		}
	}
	return Launched
}

// Down reports whether shoppers are kept out of the store.
func (s *Settings) Down() bool {
	standing := s.Standing()
	return standing == Maintenance || standing == Hibernation
}

// Units, as the original documents them.
var (
	weightUnits    = []string{"LBS", "Ounces", "KGS", "Grams", "Tonnes"}
	dimensionUnits = []string{"Inches", "Centimeters"}
)

// Bounds of settings, in characters.
const (
	maxText     = 255
	maxAddress  = 1000
	maxSetURL   = 2048
	maxLanguage = 35 // what RFC 5646 asks of whoever keeps tags
	maxMessage  = 2000
	maxRobots   = 65536
	maxLocales  = 100
	maxMark     = 4
	// maxAsked bounds how many digits or special characters a password needs.
	maxAsked = 32
	// longestIdle is how long a sign-in may last without activity, in seconds.
	longestIdle = 400 * 86400
	maxPlaces   = 4
	// maxMinimumLength bounds what a store may ask of the length of passwords.
	maxMinimumLength = 64
)

// IsLanguage reports whether a text names a language as BCP 47 does, such as
// "pt-BR"; "pt_BR" is taken as well.
func IsLanguage(text string) bool {
	if len(text) > maxLanguage {
		return false
	}
	tag, err := language.Parse(strings.ReplaceAll(text, "_", "-"))
	if err != nil {
		return false
	}
	base, sure := tag.Base()
	return sure == language.Exact && base.String() != "und"
}

// sameLanguage reports whether two names are of one language, however they are
// written.
func sameLanguage(a, b string) bool {
	a, _ = locale.Tag(a)
	b, _ = locale.Tag(b)
	return a == b
}

// IsWebURL reports whether a text is the absolute http or https URL of a page
// or a picture, without credentials.
func IsWebURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && len(text) <= maxSetURL && (u.Scheme == "http" || u.Scheme == "https") && u.User == nil && HostName(u.Host) != "" && IsPort(u.Port()) &&
		!strings.ContainsFunc(text, func(r rune) bool { return r == '\\' || unicode.IsSpace(r) || unicode.IsControl(r) })
}

// Check reports everything that is wrong with settings.
func (s *Settings) Check() error {
	c := fault.Collector{}
	s.check(&c)
	return c.Err(fault.Invalid)
}

// checkChange reports what is wrong with settings and was not before: what
// older stores have stays until it is changed.
func (s *Settings) checkChange(before *Settings) error {
	var had, has fault.Collector
	before.check(&had)
	s.check(&has)
	out := fault.Collector{}
	for _, it := range has.Items {
		if !slices.Contains(had.Items, it) {
			out.AddItem(it)
		}
	}
	return out.Err(fault.Invalid)
}

// checking notes what is wrong with settings that are given.
type checking struct{ *fault.Collector }

func (c checking) refuse(field fault.Field, why fault.Reason, value string) {
	c.AddItem(fault.Item{Field: field, Code: fault.BadFormat, Why: why, Value: value})
}

func (c checking) that(field fault.Field, value string, good bool, why fault.Reason) {
	if value != "" && !good {
		c.refuse(field, why, value)
	}
}

func (c checking) choice(field fault.Field, value string, choices []string) {
	if value != "" && !slices.Contains(choices, value) {
		c.AddItem(fault.Item{Field: field, Code: fault.NotAccepted, Why: WhyChoice, Want: strings.Join(choices, ", "), Value: value})
	}
}

func (c checking) between(field fault.Field, value, least, most int64) {
	if value < least || value > most {
		c.AddItem(fault.Item{Field: field, Code: fault.OutOfRange, Why: WhyRange, Want: strconv.FormatInt(least, 10), Other: strconv.FormatInt(most, 10)})
	}
}

func (c checking) number(field fault.Field, value *int, least, most int64) {
	if value != nil {
		c.between(field, int64(*value), least, most)
	}
}

func (s *Settings) check(to *fault.Collector) {
	c := checking{to}
	for _, f := range []struct {
		field fault.Field
		value string
		most  int
	}{
		{FieldFirstName, s.FirstName, maxText}, {FieldLastName, s.LastName, maxText}, {FieldAddress, s.Address, maxAddress}, {FieldPhone, s.Phone, maxText},
		{FieldDisplayDateFormat, s.DisplayDate, maxText}, {FieldExportDateFormat, s.ExportDate, maxText}, {FieldExtendedDisplayDateFormat, s.ExtendedDate, maxText},
		{FieldCurrencySymbol, s.CurrencySymbol, maxText}, {FieldDecimalSeparator, s.DecimalSeparator, maxMark}, {FieldThousandsSeparator, s.ThousandsMark, maxMark},
		{FieldPlanName, s.PlanName, maxText}, {FieldPlanLevel, s.PlanLevel, maxText}, {FieldIndustry, s.Industry, maxText},
	} {
		c.Length(f.field, f.value, 0, f.most)
	}
	for _, f := range []struct {
		field fault.Field
		value string
	}{{FieldSecureURL, s.SecureURL}, {FieldControlPanelBaseURL, s.ControlPanelURL}, {FieldFaviconURL, s.FaviconURL}} {
		c.that(f.field, f.value, IsWebURL(f.value), WhyURL)
	}
	c.that(FieldLogoURL, s.LogoURL, IsWebURL(s.LogoURL) || IsOwnLogo(s.LogoURL), WhyURL)
	for _, f := range []struct {
		field fault.Field
		value string
	}{{FieldAdminEmail, s.AdminEmail}, {FieldOrderEmail, s.OrderEmail}} {
		if it, ok := email.Check(f.field, f.value); f.value != "" && !ok {
			c.AddItem(it)
		}
	}
	c.that(FieldDomain, s.Domain, IsWebURL("http://"+s.Domain) && !strings.ContainsAny(s.Domain, "/?#"), WhyHost)
	var names []string
	for _, st := range statuses {
		names = append(names, st.name)
	}
	c.choice(FieldStatus, s.Status, names)
	country, known := geo.ByCode(s.CountryCode)
	c.that(FieldCountryCode, s.CountryCode, known && country.Code == s.CountryCode, WhyCountry)
	zone, err := time.LoadLocation(s.Timezone)
	c.that(FieldTimezone, s.Timezone, err == nil && zone != time.Local, WhyTimezone)
	c.that(FieldLanguage, s.Language, IsLanguage(s.Language), WhyLanguage)
	c.that(FieldCurrency, s.Currency, geo.IsCurrency(s.Currency), WhyCurrency)
	c.choice(FieldCurrencySymbolLocation, s.SymbolLocation, []string{"left", "right"})
	if s.DecimalSeparator != "" && s.DecimalSeparator == s.ThousandsMark {
		c.refuse(FieldThousandsSeparator, WhySeparators, s.ThousandsMark)
	}
	c.number(FieldDecimalPlaces, s.DecimalPlaces, 0, maxPlaces)
	c.choice(FieldWeightUnits, s.WeightUnits, weightUnits)
	c.choice(FieldDimensionUnits, s.DimensionUnits, dimensionUnits)
	s.Storefront.check(c)
	s.Migration.check(c)
	s.checkInactive(c)
}

// checkInactive notes languages that the store speaks and yet does not.
func (s *Settings) checkInactive(c checking) {
	spoken := append([]string{cmp.Or(s.Language, defaultLanguage)}, s.Storefront.Locales...)
	c.languages(FieldInactiveLocales, s.Storefront.InactiveLocales, spoken)
}

// languages notes what is no list of languages, and which are among others too.
func (c checking) languages(field fault.Field, list, others []string) {
	if len(list) > maxLocales {
		c.Because(field, fault.TooManyItems, WhyManyLocales, strconv.Itoa(maxLocales))
	}
	for i, name := range list[:min(len(list), maxLocales)] {
		is := func(other string) bool { return sameLanguage(name, other) }
		switch {
		case !IsLanguage(name):
			c.refuse(field, WhyLanguage, name)
		case slices.ContainsFunc(list[:i], is), slices.ContainsFunc(others, is):
			c.refuse(field, WhyTwice, name)
		}
	}
}

func (s *StorefrontSettings) check(c checking) {
	p, r := &s.Password, &s.ReCaptcha
	c.number(FieldMinimumPasswordLength, p.MinimumLength, password.MinLength, maxMinimumLength)
	c.number(FieldMinimumNumbers, p.MinimumNumbers, 1, maxAsked)
	c.number(FieldMinimumSpecialCharacters, p.MinimumSpecial, 1, maxAsked)
	if s.SessionSeconds != 0 {
		c.between(FieldShopperInactivityDurationSeconds, s.SessionSeconds, 60, longestIdle)
	}
	c.choice(FieldCurrentCustomerAlgorithm, s.CurrentCustomerAlgorithm, []string{"HS256", "HS512"})
	c.that(FieldShopURL, s.ShopURL, IsWebURL(s.ShopURL), WhyURL)
	c.that(FieldThemeColor, s.ThemeColor, colorForm.MatchString(s.ThemeColor), WhyColor)
	c.Length(FieldStatusMessage, s.StatusMessage, 0, maxMessage)
	c.Length(FieldRobotsTxt, s.RobotsTxt, 0, maxRobots)
	c.languages(FieldLocales, s.Locales, nil)
	c.Length(FieldRecaptchaSiteKey, r.SiteKey, 0, maxText)
	c.Length(FieldRecaptchaSecretKey, r.SecretKey, 0, maxText)
	if r.Enabled && (r.SiteKey == "" || r.SecretKey == "") {
		c.Because(FieldRecaptchaEnabled, fault.Required, WhyKeys, "")
	}
	c.that(FieldRecaptchaVerifyURL, r.VerifyURL, IsWebURL(r.VerifyURL), WhyURL)
	if r.LockoutSeconds != 0 {
		c.between(FieldRecaptchaFailedLoginLockoutDurationSeconds, r.LockoutSeconds, 1, longestIdle)
	}
}
