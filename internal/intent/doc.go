// Package intent holds what parties say they will do, exactly, and judges it
// under the rules that are agreed.
package intent
