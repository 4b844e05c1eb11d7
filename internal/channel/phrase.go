package channel

import (
	"maps"
	"slices"
)

// Phrase is a standard phrase. It says the same in every language; numbers and
// positions are never in it, but in fields, which have no language.
type Phrase struct {
	Force Force             `json:"force"`
	Texts map[string]string `json:"texts"` // by language
}

// phrases are the standard phrases by id. What a party falls back on when
// nobody answers is among them: each does it by itself.
var phrases = map[string]Phrase{
	"own_hold": {HoldOwn, map[string]string{
		"en": "I am holding my own traffic.",
		"fr": "Je maintiens mon propre trafic en attente.",
	}},
	"wider_margins": {Undertake, map[string]string{
		"en": "I keep wider margins from your traffic.",
		"fr": "Je garde des marges plus grandes par rapport à votre trafic.",
	}},
	"common_frequency": {Undertake, map[string]string{
		"en": "I am transmitting on the common frequency.",
		"fr": "J'émets sur la fréquence commune.",
	}},
	"tell_neighbours": {Undertake, map[string]string{
		"en": "I am telling air traffic services and neighbours.",
		"fr": "J'informe les services de la circulation aérienne et les voisins.",
	}},
	"approaching_line": {Warn, map[string]string{
		"en": "Attention: your aircraft is approaching the line.",
		"fr": "Attention : votre aéronef s'approche de la ligne.",
	}},
	"my_aircraft_outside": {Inform, map[string]string{
		"en": "My aircraft is outside its declared volume.",
		"fr": "Mon aéronef est hors de son volume déclaré.",
	}},
	"your_aircraft_outside": {Warn, map[string]string{
		"en": "Attention: your aircraft appears to be outside its declared volume.",
		"fr": "Attention : votre aéronef semble être hors de son volume déclaré.",
	}},
	"my_aircraft_turning_back": {Undertake, map[string]string{
		"en": "My aircraft is turning back.",
		"fr": "Mon aéronef fait demi-tour.",
	}},
	"converging": {Warn, map[string]string{
		"en": "Attention: our aircraft are converging.",
		"fr": "Attention : nos aéronefs convergent.",
	}},
	"unknown_aircraft": {Warn, map[string]string{
		"en": "Unknown aircraft seen.",
		"fr": "Aéronef inconnu observé.",
	}},
	"is_it_yours": {Request, map[string]string{
		"en": "Is this aircraft yours?",
		"fr": "Cet aéronef est-il le vôtre ?",
	}},
	"not_mine": {Inform, map[string]string{
		"en": "It is not mine.",
		"fr": "Ce n'est pas le mien.",
	}},
	"position_doubtful": {Request, map[string]string{
		"en": "The position is in doubt. Please check it and send it again.",
		"fr": "La position est douteuse. Veuillez la vérifier et la renvoyer.",
	}},
	"request_contact": {Request, map[string]string{
		"en": "Please call back.",
		"fr": "Veuillez rappeler.",
	}},
	"emergency_traffic": {Inform, map[string]string{
		"en": "I have an aircraft in an emergency.",
		"fr": "J'ai un aéronef en situation d'urgence.",
	}},
	"no_longer_valid": {Inform, map[string]string{
		"en": "My message is no longer valid.",
		"fr": "Mon message n'est plus valable.",
	}},
}

// PhraseIDs returns the ids of the standard phrases, sorted.
func PhraseIDs() []string { return slices.Sorted(maps.Keys(phrases)) }

// PhraseOf returns the standard phrase with an id. It is not to be changed.
func PhraseOf(id string) (p Phrase, ok bool) {
	p, ok = phrases[id]
	return p, ok
}
