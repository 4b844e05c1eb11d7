// Package conformance is a black-box suite of the DSS half of ASTM F3548-21.
// Its tests build the program, start `deconflict serve` on a loopback port with
// an empty data directory and speak to it over HTTP only, as the USSs of other
// operators do.
//
// Every check names the requirements that it proves, and a test sees to it that
// each requirement of the committed list has a check. Every response of every
// check is compared with the schemas in schema/dss.json, which are written by
// hand.
//
// Environment:
//
//	DECONFLICT_DSS_URL    base URLs of another DSS to check instead, with commas
//	                      between the instances of a pool
//	DECONFLICT_DSS_KEY    PEM file of the RS256 private key whose tokens that DSS
//	                      accepts; needed with DECONFLICT_DSS_URL
//	DECONFLICT_UTM_YAML   the OpenAPI document of the standard, with which the
//	                      schemas are compared
//	DECONFLICT_DSS_SLOW   not empty: also the checks that wait for a minute
package conformance
