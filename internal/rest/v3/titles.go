package v3

import (
	"net/http"

	"clientele/internal/rest"
)

// invalidData is the title of bodies of the wrong shape.
const invalidData = "JSON data is missing or invalid"

// The titles of operations, for the tables of routes.
var (
	createCustomers       = &rest.Titles{Failed: "Create customers failed.", Key: ".customer_create", Text: "Error creating customers"}
	updateCustomers       = &rest.Titles{Failed: "Update customers failed.", Key: ".customer_update", Text: "Error updating customers"}
	createAddresses       = &rest.Titles{Failed: "Create customer addresses failed.", Key: ".customer_address_create", Text: "Error creating customer addresses"}
	updateAddresses       = &rest.Titles{Failed: "Update customer addresses failed.", Key: ".customer_address_update", Text: "Error updating customer addresses"}
	createAttributes      = &rest.Titles{Failed: "Create customer attributes failed.", Key: ".customer_attribute_create", Text: "Error creating customer attributes"}
	updateAttributes      = &rest.Titles{Failed: "Update customer attributes failed.", Key: ".customer_attribute_update", Text: "Error updating customer attributes"}
	upsertAttributeValues = &rest.Titles{Failed: "Upsert customer attribute values failed.", Key: ".customer_attribute_value_upsert", Text: "Error upserting customer attribute values"}
	upsertFormValues      = &rest.Titles{Failed: "Upsert form field values failed.", Key: ".form_field_value_upsert", Text: "Error upserting form field values"}
	createFormField       = &rest.Titles{Failed: "Create form field failed.", Key: ".form_field_create", Text: "Error creating form field"}
	updateFormField       = &rest.Titles{Failed: "Update form field failed.", Key: ".form_field_update", Text: "Error updating form field"}
	deleteFormField       = &rest.Titles{Failed: "Delete form field failed.", Key: ".form_field_delete", Text: "Error deleting form field"}
	createSubscriber      = &rest.Titles{Failed: "Create subscriber failed.", Key: ".subscriber_create", Text: "Error creating subscriber", Conflict: http.StatusConflict}
	updateSubscriber      = &rest.Titles{Failed: "Update subscriber failed.", Key: ".subscriber_update", Text: "Error updating subscriber", Conflict: http.StatusConflict}
	createSegments        = &rest.Titles{Failed: "Create segments failed.", Clash: sameName, Key: ".segment_create", Text: "Error creating segments", Invalid: http.StatusBadRequest, Conflict: http.StatusConflict, Batch: true}
	updateSegments        = &rest.Titles{Failed: "Update segments failed.", Clash: sameName, Key: ".segment_update", Text: "Error updating segments", Invalid: http.StatusBadRequest, Conflict: http.StatusConflict, Batch: true}
	createProfiles        = &rest.Titles{Failed: "Create shopper profiles failed.", Clash: "Unable to create shopper profiles due to conflicts.", Key: ".shopper_profile_create", Text: "Error creating shopper profiles", Invalid: http.StatusBadRequest, Conflict: http.StatusConflict, Batch: true}
	addProfiles           = &rest.Titles{Failed: "Add shopper profiles to segment failed.", Clash: "Unable to add shopper profiles to segment due to conflicts.", Key: ".segment_shopper_profile_create", Text: "Error adding shopper profiles to segment", Invalid: http.StatusBadRequest, Conflict: http.StatusConflict, Batch: true}
	createMetafield       = &rest.Titles{Failed: "Create metafield failed.", Clash: metafieldConflict, Conflict: http.StatusConflict}
	updateMetafield       = &rest.Titles{Failed: "Update metafield failed.", Clash: metafieldConflict, Conflict: http.StatusConflict}
	deleteMetafield       = &rest.Titles{Failed: "Delete metafield failed."}
	validateCredentials   = &rest.Titles{Failed: "Validate customer credentials failed."}
	updateConsent         = &rest.Titles{Failed: "Update customer consent failed."}
	updateSettings        = &rest.Titles{Failed: "Update customer settings failed."}
	updateChannelSettings = &rest.Titles{Failed: "Update customer channel settings failed."}
	checkoutSettings      = &rest.Titles{Failed: "Checkout settings request failed."}
	storeInstrument       = &rest.Titles{Failed: "Store instrument failed.", Clash: "The instrument conflicts with another one.", Conflict: http.StatusConflict}
	readTaxCustomers      = &rest.Titles{Filter: http.StatusBadRequest}
	updateTaxCustomers    = &rest.Titles{Failed: "Update tax customers failed."}
	assignPriceLists      = &rest.Titles{Failed: "Create price list assignments failed.", Saved: true}
	putPriceList          = &rest.Titles{Failed: "Upsert price list assignment failed."}
	getChannel            = &rest.Titles{Missing: "Not found"}
	createChannel         = &rest.Titles{Clash: "The channel conflicts with another channel.", Conflict: http.StatusConflict}
	updateChannel         = &rest.Titles{Clash: "The channel conflicts with another channel.", Missing: "The requested entity was not found.", Conflict: http.StatusConflict}
	writeSite             = &rest.Titles{Failed: "Input is invalid.", Invalid: http.StatusBadRequest, Conflict: http.StatusConflict}
	writeRoute            = &rest.Titles{Failed: "Input is invalid."}
	putRoutes             = &rest.Titles{Failed: "Bulk operation has failed", Saved: true}
	writeEmail            = &rest.Titles{Failed: "Update email template failed.", Invalid: http.StatusBadRequest, Syntax: http.StatusBadRequest}
	updateStatuses        = &rest.Titles{Failed: "Update email statuses failed."}
	writeHook             = &rest.Titles{Failed: invalidData, Syntax: http.StatusBadRequest}
	replayDeliveries      = &rest.Titles{Clash: "The webhook is not active.", Conflict: http.StatusConflict, Syntax: http.StatusBadRequest}
	createWishlist        = &rest.Titles{Failed: "Create wishlist failed."}
	updateWishlist        = &rest.Titles{Failed: "Update wishlist failed."}
	addWishlistItems      = &rest.Titles{Failed: "Add wishlist items failed."}
	createStorefrontToken = &rest.Titles{Failed: "Create storefront token failed."}
	revokeStorefrontToken = &rest.Titles{Failed: "Revoke storefront token failed."}
)

const (
	metafieldConflict = "The metafield conflicts with another metafield."
	sameName          = "Cannot have multiple segments with the same name."
)
