package store

import "regexp"

// StorefrontSettings is what a store's settings say of how shoppers register, sign in
// and are addressed. Pointers are nil for the default.
type StorefrontSettings struct {
	Registration  *bool `json:"registration,omitempty" yaml:"registration"`     // accounts may be made; default true
	GuestCheckout *bool `json:"guest_checkout,omitempty" yaml:"guest_checkout"` // default true; Checkout goes by it

	Password  PasswordRules `json:"password,omitzero" yaml:"password"`
	ReCaptcha ReCaptcha     `json:"recaptcha,omitzero" yaml:"recaptcha"`

	// ConfirmEmail asks new customers to confirm their address before they can
	// sign in, ConfirmSubscription new subscribers before they are subscribed
	// (double opt-in).
	ConfirmEmail        bool `json:"confirm_email,omitempty" yaml:"confirm_email"`
	ConfirmSubscription bool `json:"confirm_subscription,omitempty" yaml:"confirm_subscription"`

	// ImpersonationNotice tells customers by email that somebody who works for the
	// store has signed in as them.
	ImpersonationNotice bool `json:"impersonation_notice,omitempty" yaml:"impersonation_notice"`

	// RegistrationAddress has the registration page ask for an address.
	RegistrationAddress *bool `json:"registration_address,omitempty" yaml:"registration_address"` // default true
	// ShopURL is where the shop is, if the pages are not all of it: their links
	// home lead there, and so does their first page.
	ShopURL string `json:"shop_url,omitempty" yaml:"shop_url"`

	ShowNewsletter    *bool `json:"show_newsletter_signup,omitempty" yaml:"show_newsletter_signup"` // default true
	NewsletterChecked bool  `json:"newsletter_checked_by_default,omitempty" yaml:"newsletter_checked_by_default"`

	// SessionSeconds is how long a sign-in lasts without activity, which
	// extends it unless ActivityExtends is false.
	SessionSeconds  int64 `json:"shopper_inactivity_duration_seconds,omitempty" yaml:"shopper_inactivity_duration_seconds"` // default 7 days
	ActivityExtends *bool `json:"shopper_activity_extends_duration,omitempty" yaml:"shopper_activity_extends_duration"`     // default true

	// CurrentCustomerAlgorithm signs /customer/current.jwt: HS512 or HS256.
	CurrentCustomerAlgorithm string `json:"current_customer_algorithm,omitempty" yaml:"current_customer_algorithm"`

	StatusMessage string   `json:"status_message,omitempty" yaml:"status_message"` // shown while the store is down
	RobotsTxt     string   `json:"robots_txt,omitempty" yaml:"robots_txt"`         // what crawlers are told
	Locales       []string `json:"locales,omitempty" yaml:"locales"`               // besides Language
	// InactiveLocales are languages that the store is to have: they have
	// translations already, and nobody is spoken to in them.
	InactiveLocales []string `json:"inactive_locales,omitempty" yaml:"inactive_locales"`
	ThemeColor      string   `json:"theme_color,omitempty" yaml:"theme_color"` // of buttons and links: #rrggbb
}

// PasswordRules are what a shopper's password needs. Lengths and numbers are
// in characters.
type PasswordRules struct {
	MinimumLength    *int  `json:"minimum_password_length,omitempty" yaml:"minimum_password_length"` // default 7
	RequireLowerCase bool  `json:"require_lower_case,omitempty" yaml:"require_lower_case"`
	RequireUpperCase bool  `json:"require_upper_case,omitempty" yaml:"require_upper_case"`
	RequireNumbers   *bool `json:"require_numbers,omitempty" yaml:"require_numbers"` // default true
	MinimumNumbers   *int  `json:"minimum_numbers,omitempty" yaml:"minimum_numbers"` // default 1
	RequireSpecial   bool  `json:"require_special_characters,omitempty" yaml:"require_special_characters"`
	MinimumSpecial   *int  `json:"minimum_special_characters,omitempty" yaml:"minimum_special_characters"` // default 1
}

// ReCaptcha is the check for robots on the storefront's forms.
type ReCaptcha struct {
	Enabled           bool   `json:"enabled,omitempty" yaml:"enabled"`
	EnabledOnCheckout bool   `json:"enabled_on_checkout,omitempty" yaml:"enabled_on_checkout"`
	SiteKey           string `json:"site_key,omitempty" yaml:"site_key"`
	SecretKey         string `json:"secret_key,omitempty" yaml:"secret_key"`
	// VerifyURL is asked whether a token is good; the default is Google's.
	VerifyURL string `json:"verify_url,omitempty" yaml:"verify_url"`
	// LockoutSeconds is told to storefronts as how long failed sign-ins lock.
	LockoutSeconds int64 `json:"failed_login_lockout_duration_seconds,omitempty" yaml:"failed_login_lockout_duration_seconds"`
}

// DefaultVerifyURL is where reCAPTCHA tokens are verified.
const DefaultVerifyURL = "https://www.google.com/recaptcha/api/siteverify"

var colorForm = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

func (s *StorefrontSettings) fill() {
	flag := func(to **bool) {
		if *to == nil {
			yes := true
			*to = &yes
		}
	}
	number := func(to **int, value int) {
		if *to == nil {
			*to = &value
		}
	}
	flag(&s.Registration)
	flag(&s.GuestCheckout)
	flag(&s.RegistrationAddress)
	flag(&s.ShowNewsletter)
	flag(&s.ActivityExtends)
	flag(&s.Password.RequireNumbers)
	number(&s.Password.MinimumLength, 7)
	number(&s.Password.MinimumNumbers, 1)
	number(&s.Password.MinimumSpecial, 1)
	if s.SessionSeconds == 0 {
		s.SessionSeconds = 7 * 86400
	}
	if s.CurrentCustomerAlgorithm == "" {
		s.CurrentCustomerAlgorithm = "HS512"
	}
	if s.ReCaptcha.VerifyURL == "" {
		s.ReCaptcha.VerifyURL = DefaultVerifyURL
	}
	if s.ReCaptcha.LockoutSeconds == 0 {
		s.ReCaptcha.LockoutSeconds = 900
	}
	if s.ThemeColor == "" {
		s.ThemeColor = "#1f4e79"
	}
}
