package words

import (
	"maps"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/password"
	"clientele/internal/wishlist"
)

// language has the sentences of rules that shoppers meet.
type language struct {
	codes map[fault.Code]string
	whys  map[fault.Reason]string
}

// In returns how a surface speaks to shoppers in a language, with other names of
// fields in its sentences. What the language has no words for is said in
// English.
func (s *Speech) In(lang string, names map[fault.Field]string) *Speech {
	l := languages[lang]
	return &Speech{Spell: s.Spell, Names: over(s.Names, names), Words: over(s.Words, l.codes), Whys: over(s.Whys, l.whys)}
}

// over returns what both say, and what the second says where they differ.
func over[K comparable](first, second map[K]string) map[K]string {
	out := map[K]string{}
	maps.Copy(out, first)
	maps.Copy(out, second)
	return out
}

var languages = map[string]language{"de": german, "fr": french}

const (
	keineAdresse = "ungültige E-Mail-Adresse"
	pasAdresse   = "adresse e-mail non valide"
)

var german = language{
	codes: map[fault.Code]string{
		fault.Required:   "{name}: bitte ausfüllen",
		fault.TooLong:    "{name}: höchstens {want} Zeichen",
		fault.TooShort:   "{name}: bitte ausfüllen",
		fault.EmailInUse: "die E-Mail-Adresse wird schon verwendet",
	},
	whys: map[fault.Reason]string{
		fault.HoldsNUL:  "{name}: das Zeichen NUL ist nicht erlaubt",
		account.WhyPath: "{name} muss auf dieser Website liegen",

		customer.WhyCountry:       "{name}: bitte ein Land nach ISO 3166-1 alpha-2",
		customer.WhyPostalCode:    "{name}: in {want} nötig",
		customer.WhyState:         "{name}: in {want} nötig",
		customer.WhyNoState:       "{name}: bitte den vollen Namen aus {want}",
		customer.WhyHasAddress:    "diese Adresse steht schon im Adressbuch",
		customer.WhyManyAddresses: "höchstens {want} Adressen",

		email.WhyNone:      keineAdresse,
		email.WhyInvisible: keineAdresse + ": ein Zeichen ist unsichtbar ({value})",
		email.WhySpecial:   keineAdresse + ": {value} darf nicht vor dem @ stehen",
		email.WhyLocal:     keineAdresse + ": höchstens {want} Bytes vor dem @",
		email.WhyEmptyPart: keineAdresse + ": ein Teil der Domain ist leer",
		email.WhyHyphen:    keineAdresse + ": ein Teil der Domain beginnt oder endet mit einem Bindestrich",
		email.WhyDomain:    keineAdresse + ": eine solche Domain gibt es nicht",
		email.WhyLongPart:  keineAdresse + ": ein Teil der Domain hat mehr als {want} Zeichen",
		email.WhyLong:      keineAdresse + ": sie hat mehr als {want} Bytes",

		form.WhyOtherType:      "{value} ist ein Feld anderer Art",
		form.WhyEmpty:          "{value}: bitte ausfüllen",
		form.WhyNoAccountValue: "{value}: bitte ausfüllen",
		form.WhyBlank:          "{name}: bitte ausfüllen",
		form.WhyNoChoice:       "{value} hat keine Auswahl {other}",
		form.WhyOneChoice:      "{value}: bitte eine Auswahl",
		form.WhyNotNumber:      "{value}: bitte eine Zahl",
		form.WhyNotDate:        "{value}: bitte ein Datum wie 2024-05-14",
		form.WhyNotChoice:      "{value} hat keine Auswahl {qother}",
		form.WhyValueNUL:       "{value}: das Zeichen NUL ist nicht erlaubt",
		form.WhyLongValue:      "{value}: höchstens {want} Zeichen",
		form.WhyLess:           "{value}: mindestens {want}",
		form.WhyMore:           "{value}: höchstens {want}",
		form.WhyOutside:        "{value}: zwischen {want} und {other}",

		password.WhyText:             "das Passwort muss gültiger Text sein",
		password.WhyShort:            "das Passwort braucht mindestens {want} Zeichen",
		password.WhyLong:             "das Passwort darf höchstens {want} Zeichen haben",
		password.WhyLettersAndDigits: "das Passwort braucht Buchstaben und Ziffern",
		password.WhyLetter:           "das Passwort braucht einen Buchstaben",
		password.WhyLower:            "das Passwort braucht einen Kleinbuchstaben",
		password.WhyUpper:            "das Passwort braucht einen Großbuchstaben",
		password.WhyDigits:           "das Passwort braucht Ziffern (mindestens {want})",
		password.WhySpecial:          "das Passwort braucht Sonderzeichen (mindestens {want})",

		wishlist.WhyManyLists: "höchstens {want} Wunschlisten",
		wishlist.WhyManyItems: "höchstens {want} Artikel auf einer Wunschliste",
		wishlist.WhyTwice:     "der Artikel steht schon auf der Wunschliste",
	},
}

var french = language{
	codes: map[fault.Code]string{
		fault.Required:   "{name} : champ obligatoire",
		fault.TooLong:    "{name} : {want} caractères au plus",
		fault.TooShort:   "{name} : champ obligatoire",
		fault.EmailInUse: "l’adresse e-mail est déjà utilisée",
	},
	whys: map[fault.Reason]string{
		fault.HoldsNUL:  "{name} : le caractère NUL n’est pas permis",
		account.WhyPath: "{name} doit être sur ce site",

		customer.WhyCountry:       "{name} : un pays selon ISO 3166-1 alpha-2",
		customer.WhyPostalCode:    "{name} : obligatoire pour {want}",
		customer.WhyState:         "{name} : obligatoire pour {want}",
		customer.WhyNoState:       "{name} : le nom complet, pour {want}",
		customer.WhyHasAddress:    "cette adresse est déjà dans le carnet",
		customer.WhyManyAddresses: "{want} adresses au plus",

		email.WhyNone:      pasAdresse,
		email.WhyInvisible: pasAdresse + " : un caractère est invisible ({value})",
		email.WhySpecial:   pasAdresse + " : {value} ne peut pas précéder le @",
		email.WhyLocal:     pasAdresse + " : {want} octets au plus avant le @",
		email.WhyEmptyPart: pasAdresse + " : une partie du domaine est vide",
		email.WhyHyphen:    pasAdresse + " : une partie du domaine commence ou finit par un trait d’union",
		email.WhyDomain:    pasAdresse + " : un tel domaine n’existe pas",
		email.WhyLongPart:  pasAdresse + " : une partie du domaine a plus de {want} caractères",
		email.WhyLong:      pasAdresse + " : elle a plus de {want} octets",

		form.WhyOtherType:      "{value} est un champ d’un autre type",
		form.WhyEmpty:          "{value} : champ obligatoire",
		form.WhyNoAccountValue: "{value} : champ obligatoire",
		form.WhyBlank:          "{name} : champ obligatoire",
		form.WhyNoChoice:       "{value} n’a pas le choix {other}",
		form.WhyOneChoice:      "{value} : un seul choix",
		form.WhyNotNumber:      "{value} : un nombre est attendu",
		form.WhyNotDate:        "{value} : une date comme 2024-05-14 est attendue",
		form.WhyNotChoice:      "{value} n’a pas le choix {qother}",
		form.WhyValueNUL:       "{value} : le caractère NUL n’est pas permis",
		form.WhyLongValue:      "{value} : {want} caractères au plus",
		form.WhyLess:           "{value} : {want} au moins",
		form.WhyMore:           "{value} : {want} au plus",
		form.WhyOutside:        "{value} : entre {want} et {other}",

		password.WhyText:             "le mot de passe doit être un texte valide",
		password.WhyShort:            "le mot de passe doit avoir au moins {want} caractères",
		password.WhyLong:             "le mot de passe doit avoir au plus {want} caractères",
		password.WhyLettersAndDigits: "le mot de passe doit avoir des lettres et des chiffres",
		password.WhyLetter:           "le mot de passe doit avoir une lettre",
		password.WhyLower:            "le mot de passe doit avoir une minuscule",
		password.WhyUpper:            "le mot de passe doit avoir une majuscule",
		password.WhyDigits:           "le mot de passe doit avoir des chiffres (au moins {want})",
		password.WhySpecial:          "le mot de passe doit avoir des caractères spéciaux (au moins {want})",

		wishlist.WhyManyLists: "{want} listes au plus",
		wishlist.WhyManyItems: "{want} articles au plus par liste",
		wishlist.WhyTwice:     "l’article est déjà sur la liste",
	},
}
