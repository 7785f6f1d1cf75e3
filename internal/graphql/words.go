package graphql

import (
	"context"
	"slices"
	"sync"

	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/geo"
	"clientele/internal/html"
	"clientele/internal/locale"
	"clientele/internal/store"
	"clientele/internal/words"
)

// tongue is what shoppers are told in a language besides English. Texts that
// storefronts look for, and what is told to their developers, stay English.
type tongue struct {
	*html.Catalogue
	texts     map[string]string // by the English ones
	speech    *words.Speech
	countries func() []option
}

// tongues are made at their first use. English is none of them: it is what
// everything is written in.
var tongues = map[string]func() *tongue{
	"de": sync.OnceValue(func() *tongue { return newTongue("de", inGerman) }),
	"fr": sync.OnceValue(func() *tongue { return newTongue("fr", inFrench) }),
}

func newTongue(lang string, texts map[string]string) *tongue {
	t := &tongue{Catalogue: html.Words(lang, nil), texts: texts}
	names := map[fault.Field]string{}
	for _, b := range form.BuiltIns {
		names[b.Key] = t.label(b.ID)
	}
	t.speech = speech.In(lang, names)
	t.countries = sync.OnceValue(func() []option {
		var out []option
		for _, o := range html.Countries(lang) {
			if c, ok := geo.ByCode(o.Value); ok {
				out = append(out, option{c.ID, o.Label})
			}
		}
		return out
	})
	return t
}

// labels name the kit's texts for the built-in fields that are not called as
// their keys are.
var labels = map[int64]string{form.State: "state", form.Country: "country"}

// label returns what a built-in field is called.
func (t *tongue) label(id int64) string {
	name := labels[id]
	if b := form.BuiltInOf(id); name == "" {
		name = words.Snake(string(b.Key))
	}
	return t.Text("field." + name)
}

// tongueOf returns the words for a shopper; nil: they are English.
func (w *shopper) tongueOf(s *store.Settings) *tongue {
	if t := tongues[locale.Base(w.language(s))]; t != nil {
		return t()
	}
	return nil
}

// tongue is tongueOf for a request. Where the store's languages cannot be read,
// neither can what the operation needs, which says so.
func (s *Server) tongue(ctx context.Context) *tongue {
	settings, err := s.settings(ctx)
	if err != nil {
		return nil
	}
	return shopperOf(ctx).tongueOf(settings)
}

// translate puts what a store did not call otherwise itself into a language, in
// a copy of its fields.
func (t *tongue) translate(fields form.Form) form.Form {
	out := slices.Clone(fields)
	for i := range out {
		f := &out[i]
		if b := form.BuiltInOf(f.ID); b != nil && !b.Chosen(f.Options.Label) {
			f.Options.Label = t.label(f.ID)
		}
		if (f.ID == form.Country || f.ID == form.State) && f.Options.Placeholder == "" {
			f.Options.Placeholder = t.Text("choose")
		}
	}
	return out
}

// tell puts errors of a mutation into the shopper's language.
func (s *Server) tell(ctx context.Context, errs []problem) []problem {
	if len(errs) == 0 {
		return errs
	}
	t := s.tongue(ctx)
	if t == nil {
		return errs
	}
	out := slices.Clone(errs)
	for i := range out {
		p := &out[i]
		if text, ok := t.texts[p.message]; ok {
			p.message = text
		} else if p.rule != nil {
			p.message = sentence(t.speech.Sentence(p.rule))
		}
	}
	return out
}

var inGerman = map[string]string{
	textNotLoggedIn:          "Sie sind nicht angemeldet.",
	textEmailInUse:           "Die E-Mail-Adresse wird schon verwendet.",
	textNoAddress:            "Diese Adresse gibt es nicht.",
	textNoCustomer:           "Dieses Konto gibt es nicht.",
	textClosed:               "In diesem Shop können keine Konten angelegt werden.",
	textWrongPassword:        "Das aktuelle Passwort ist falsch.",
	textOnBehalf:             "Das Passwort kann nicht im Namen eines Kunden geändert werden.",
	textEmailOnBehalf:        "Die E-Mail-Adresse kann nicht im Namen eines Kunden geändert werden.",
	textBadResetLink:         "Der Link zum Zurücksetzen des Passworts ist ungültig oder abgelaufen.",
	textSubscribed:           "Die E-Mail-Adresse hat den Newsletter schon abonniert.",
	textBadEmail:             "Die E-Mail-Adresse ist ungültig.",
	textBadFirstName:         "Der Vorname ist ungültig.",
	textBadLastName:          "Der Nachname ist ungültig.",
	textDuplicateOfBook:      "Die Adresse steht schon im Adressbuch.",
	textNoCustomerForCompany: "Bitte melden Sie sich zuerst an.",
	textNoInstrument:         "Diese Zahlungsart gibt es nicht.",
	textRobot:                "reCAPTCHA ist fehlgeschlagen. Bitte versuchen Sie es noch einmal.",
	textNoCart:               "Diesen Warenkorb gibt es nicht.",
}

var inFrench = map[string]string{
	textNotLoggedIn:          "Vous n’êtes pas connecté.",
	textEmailInUse:           "L’adresse e-mail est déjà utilisée.",
	textNoAddress:            "Cette adresse n’existe pas.",
	textNoCustomer:           "Ce compte n’existe pas.",
	textClosed:               "Cette boutique n’accepte pas de nouveaux comptes.",
	textWrongPassword:        "Le mot de passe actuel est incorrect.",
	textOnBehalf:             "Le mot de passe ne peut pas être modifié au nom d’un client.",
	textEmailOnBehalf:        "L’adresse e-mail ne peut pas être modifiée au nom d’un client.",
	textBadResetLink:         "Le lien de réinitialisation du mot de passe n’est pas valide ou a expiré.",
	textSubscribed:           "L’adresse e-mail est déjà abonnée à la newsletter.",
	textBadEmail:             "L’adresse e-mail n’est pas valide.",
	textBadFirstName:         "Le prénom n’est pas valide.",
	textBadLastName:          "Le nom n’est pas valide.",
	textDuplicateOfBook:      "L’adresse est déjà dans le carnet d’adresses.",
	textNoCustomerForCompany: "Connectez-vous d’abord.",
	textNoInstrument:         "Ce moyen de paiement n’existe pas.",
	textRobot:                "La validation reCAPTCHA a échoué. Veuillez réessayer.",
	textNoCart:               "Ce panier n’existe pas.",
}
