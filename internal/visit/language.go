package visit

import "clientele/internal/locale"

// languageCookie keeps the language that the shopper chose.
const languageCookie = "clientele_language"

const languageSeconds = 365 * 24 * 3600

// Wish is what the request tells of the language that the shopper wants. kept
// is what is kept with a customer who is signed in.
func (v *Visit) Wish(kept string) locale.Wish {
	return locale.Wish{Chosen: v.cookie(languageCookie), Kept: kept, Accept: v.R.Header.Get("Accept-Language")}
}

// SetLanguage keeps in the browser the language that the shopper chose.
func (v *Visit) SetLanguage(name string) { v.setCookie(languageCookie, name, languageSeconds) }
