// Package notice holds notices of protected sites and movements, and how far
// word of them got.
package notice
