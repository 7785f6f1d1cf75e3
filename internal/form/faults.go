package form

import "clientele/internal/fault"

// Values is the field of faults about values of custom fields. Their FormField
// names the field, and their At the place among the inputs.
const Values fault.Field = "form fields"

// The fields of one value.
const (
	FieldValueName fault.Field = "name"
	FieldValue     fault.Field = "value"
)

// Member tells which field of a value breaks the rule: the name or the value.
func Member(it *fault.Item) fault.Field {
	if it.Code == fault.Unknown || it.Code == fault.Duplicate {
		return FieldValueName
	}
	return FieldValue
}

// The fields of which faults tell.
const (
	FieldID          fault.Field = "id"
	FieldForm        fault.Field = "form"
	FieldName        fault.Field = "name"
	FieldLabel       fault.Field = "label"
	FieldSortOrder   fault.Field = "sort order"
	FieldType        fault.Field = "type"
	FieldRequired    fault.Field = "required"
	FieldChoices     fault.Field = "choices"
	FieldPlaceholder fault.Field = "placeholder"
	FieldHint        fault.Field = "hint"
	FieldMaxLength   fault.Field = "max length"
	FieldMin         fault.Field = "min"
	FieldMax         fault.Field = "max"
	FieldDefault     fault.Field = "default"
	FieldRows        fault.Field = "rows"

	FieldTranslations fault.Field = "translations"
)

// The reasons that codes do not tell.
const (
	WhyForm             fault.Reason = "no form"
	WhySortOrder        fault.Reason = "no place on the form"
	WhyType             fault.Reason = "no type of field"
	WhyOption           fault.Reason = "option of another type"
	WhyManyChoices      fault.Reason = "too many choices"
	WhyChoiceTwice      fault.Reason = "choice given twice"
	WhyMaxLength        fault.Reason = "length out of range"
	WhyRows             fault.Reason = "rows out of range"
	WhyBuiltInName      fault.Reason = "name of a built-in field"
	WhyBuiltInRequired  fault.Reason = "whether a built-in field is required"
	WhyBuiltIn          fault.Reason = "option of a built-in field"
	WhyLimit            fault.Reason = "limit of another type"
	WhyMaxBelowMin      fault.Reason = "max less than min"
	WhyNameTaken        fault.Reason = "name of another field"
	WhyManyFields       fault.Reason = "too many custom fields"
	WhyFormStays        fault.Reason = "form of a field"
	WhyTypeStays        fault.Reason = "type of a field"
	WhyBuiltInStays     fault.Reason = "built-in field"
	WhyManyTranslations fault.Reason = "too many translations"
	WhyNoLanguage       fault.Reason = "no language of a translation"
	WhyNoNumber         fault.Reason = "no field with the number"
	WhyNoName           fault.Reason = "no field with the name"
	WhyTwice            fault.Reason = "field given twice"
	WhyOtherType        fault.Reason = "field of another type"
	WhyEmpty            fault.Reason = "required and empty"
	WhyNoAccountValue   fault.Reason = "required by the account's form and empty"
	WhyBlank            fault.Reason = "required by the store"
	WhyNoChoice         fault.Reason = "no choice with the number"
	WhyOneChoice        fault.Reason = "more than one choice"
	WhyNoList           fault.Reason = "no list"
	WhyManyValues       fault.Reason = "too many values"
	WhyNoText           fault.Reason = "no text or number"
	WhyNotNumber        fault.Reason = "no number"
	WhyNotDate          fault.Reason = "no date"
	WhyNotChoice        fault.Reason = "no choice"
	WhyValueNUL         fault.Reason = "value holds NUL"
	WhyLongValue        fault.Reason = "value too long"
	WhyLess             fault.Reason = "less than the least"
	WhyMore             fault.Reason = "more than the most"
	WhyOutside          fault.Reason = "out of range"
)
