package store

import "clientele/internal/fault"

// The fields of which faults tell: the settings by their dotted names.
const (
	FieldName                                       fault.Field = "name" // of the store
	FieldDomain                                     fault.Field = "domain"
	FieldSecureURL                                  fault.Field = "secure url"
	FieldControlPanelBaseURL                        fault.Field = "control panel base url"
	FieldStatus                                     fault.Field = "status"
	FieldFirstName                                  fault.Field = "first name"
	FieldLastName                                   fault.Field = "last name"
	FieldAddress                                    fault.Field = "address"
	FieldCountryCode                                fault.Field = "country code"
	FieldPhone                                      fault.Field = "phone"
	FieldAdminEmail                                 fault.Field = "admin email"
	FieldOrderEmail                                 fault.Field = "order email"
	FieldFaviconURL                                 fault.Field = "favicon url"
	FieldLogoURL                                    fault.Field = "logo url"
	FieldLogo                                       fault.Field = "logo"
	FieldTimezone                                   fault.Field = "timezone"
	FieldDisplayDateFormat                          fault.Field = "display date format"
	FieldExportDateFormat                           fault.Field = "export date format"
	FieldExtendedDisplayDateFormat                  fault.Field = "extended display date format"
	FieldLanguage                                   fault.Field = "language"
	FieldCurrency                                   fault.Field = "currency"
	FieldCurrencySymbol                             fault.Field = "currency symbol"
	FieldCurrencySymbolLocation                     fault.Field = "currency symbol location"
	FieldDecimalSeparator                           fault.Field = "decimal separator"
	FieldThousandsSeparator                         fault.Field = "thousands separator"
	FieldDecimalPlaces                              fault.Field = "decimal places"
	FieldWeightUnits                                fault.Field = "weight units"
	FieldDimensionUnits                             fault.Field = "dimension units"
	FieldPlanName                                   fault.Field = "plan name"
	FieldPlanLevel                                  fault.Field = "plan level"
	FieldIndustry                                   fault.Field = "industry"
	FieldMinimumPasswordLength                      fault.Field = "storefront.password.minimum password length"
	FieldMinimumNumbers                             fault.Field = "storefront.password.minimum numbers"
	FieldMinimumSpecialCharacters                   fault.Field = "storefront.password.minimum special characters"
	FieldShopperInactivityDurationSeconds           fault.Field = "storefront.shopper inactivity duration seconds"
	FieldCurrentCustomerAlgorithm                   fault.Field = "storefront.current customer algorithm"
	FieldShopURL                                    fault.Field = "storefront.shop url"
	FieldThemeColor                                 fault.Field = "storefront.theme color"
	FieldStatusMessage                              fault.Field = "storefront.status message"
	FieldRobotsTxt                                  fault.Field = "storefront.robots txt"
	FieldLocales                                    fault.Field = "storefront.locales"
	FieldInactiveLocales                            fault.Field = "storefront.inactive locales"
	FieldRecaptchaSiteKey                           fault.Field = "storefront.recaptcha.site key"
	FieldRecaptchaSecretKey                         fault.Field = "storefront.recaptcha.secret key"
	FieldRecaptchaEnabled                           fault.Field = "storefront.recaptcha.enabled"
	FieldRecaptchaVerifyURL                         fault.Field = "storefront.recaptcha.verify url"
	FieldRecaptchaFailedLoginLockoutDurationSeconds fault.Field = "storefront.recaptcha.failed login lockout duration seconds"
	FieldMigrationUpstream                          fault.Field = "migration.upstream"
	FieldMigrationToken                             fault.Field = "migration.token"
	FieldMigrationUntil                             fault.Field = "migration.until"
)

// The reasons why a setting is refused. Value is what was given.
const (
	WhyName        fault.Reason = "no name of a store" // Want is how many characters it may have
	WhyTimezone    fault.Reason = "no time zone"
	WhyURL         fault.Reason = "no URL of the web"
	WhyHost        fault.Reason = "no host"
	WhyCountry     fault.Reason = "no country code"
	WhyCurrency    fault.Reason = "no currency code"
	WhyLanguage    fault.Reason = "no language"
	WhyColor       fault.Reason = "no colour"
	WhyChoice      fault.Reason = "not one of the choices" // Want is the choices
	WhyRange       fault.Reason = "out of bounds"          // Want is the least, Other the most
	WhySeparators  fault.Reason = "one mark separates decimals and thousands"
	WhyKeys        fault.Reason = "a check for robots without keys"
	WhyTwice       fault.Reason = "a language given twice"
	WhyManyLocales fault.Reason = "too many languages" // Want is how many there may be
	WhyNoToken     fault.Reason = "an upstream without a token"
	WhyNoUpstream  fault.Reason = "no address of a store's API"
	WhyDay         fault.Reason = "no day"
	WhyLogo        fault.Reason = "no picture that a logo may be"
	WhyLogoSize    fault.Reason = "too large a file for a logo"    // Want is the bound in KiB
	WhyLogoSide    fault.Reason = "too large a picture for a logo" // Want is the bound in pixels
	WhyNoLogo      fault.Reason = "a picture that is not the store's own"
	// What becomes of locales one by one.
	WhyLocaleTaken     fault.Reason = "a language that the store has"
	WhyInactiveDefault fault.Reason = "the default language, not active"
	WhyNoDefault       fault.Reason = "no default language any more"
	WhyDefaultStays    fault.Reason = "the default language is deleted"
)
