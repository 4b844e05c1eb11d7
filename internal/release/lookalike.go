package release

import "unicode"

// alike are letters that look like, or are, a Latin one: accented Latin, and the
// Cyrillic, Greek and phonetic letters that a reader takes for Latin.
var alike = map[byte]string{
	'a': "ÀÁÂÃÄÅàáâãäåæĀāĂăĄąǍǎǞǟǠǡǺǻȀȁȂȃȦȧɑΑαАаᴀḀḁẠạẢảẤấẦầẨẩẪẫẬậẮắẰằẲẳẴẵẶặ",
	'b': "ßʙΒβВвḂḃḄḅḆḇ",
	'c': "ÇçĆćĈĉĊċČčϲСсᴄḈḉ",
	'd': "ĎďđδԁᴅḊḋḌḍḎḏḐḑḒḓ",
	'e': "ÈÉÊËèéêëĒēĔĕĖėĘęĚěȄȅȆȇȨȩΕεЕеёᴇḔḕḖḗḘḙḚḛḜḝẸẹẺẻẼẽẾếỀềỂểỄễỆệ",
	'f': "ϝғḞḟ",
	'g': "ĜĝĞğĠġĢģǦǧǴǵɡɢԍḠḡ",
	'h': "ĤĥħȞȟʜΗНнһḢḣḤḥḦḧḨḩḪḫẖ",
	'i': "ÌÍÎÏìíîïĨĩĪīĬĭĮįİıǏǐȈȉȊȋɩɪΙιІіїḬḭḮḯỈỉỊị",
	'j': "ĴĵǰϳЈјᴊ",
	'k': "ĶķǨǩΚκКкᴋḰḱḲḳḴḵ",
	'l': "ĹĺĻļĽľłƚʟӏḶḷḸḹḺḻḼḽ",
	'm': "ΜμМмᴍḾḿṀṁṂṃ",
	'n': "ÑñŃńŅņŇňǸǹɴΝηṄṅṆṇṈṉṊṋ",
	'o': "ÒÓÔÕÖòóôõöøŌōŎŏŐőœƠơǑǒǪǫǬǭȌȍȎȏȪȫȬȭȮȯȰȱΟοσОоᴏṌṍṎṏṐṑṒṓỌọỎỏỐốỒồỔổỖỗỘộỚớỜờỞởỠỡỢợ",
	'p': "þΡρРрᴘṔṕṖṗ",
	'q': "ԛ",
	'r': "ŔŕŖŗŘřȐȑȒȓʀгṘṙṚṛṜṝṞṟ",
	's': "ŚśŜŝŞşŠšȘșЅѕṠṡṢṣṤṥṦṧṨṩꜱ",
	't': "ŢţŤťŧȚțΤτТтᴛṪṫṬṭṮṯṰṱẗ",
	'u': "ÙÚÛÜùúûüŨũŪūŬŭŮůŰűŲųƯưǓǔǕǖǗǘǙǚǛǜȔȕȖȗυцᴜṲṳṴṵṶṷṸṹṺṻỤụỦủỨứỪừỬửỮữỰự",
	'v': "νѵᴠṼṽṾṿ",
	'w': "ŴŵωԝᴡẀẁẂẃẄẅẆẇẈẉẘ",
	'x': "ΧχХхẊẋẌẍ",
	'y': "ÝýÿŶŷŸȲȳʏΥγУуẎẏẙỲỳỴỵỶỷỸỹ",
	'z': "ŹźŻżŽžΖᴢẐẑẒẓẔẕ",
}

// alikeOf is alike turned round.
var alikeOf = func() map[rune]byte {
	of := map[rune]byte{}
	for c, letters := range alike {
		for _, r := range letters {
			of[r] = c
		}
	}
	return of
}()

// runs are alphabets that stand in Unicode as a whole, in order.
var runs = []struct {
	first, last rune
	as          byte
	every       rune
}{
	{0xFF21, 0xFF3A, 'a', 26}, {0xFF41, 0xFF5A, 'a', 26}, {0xFF10, 0xFF19, '0', 10}, // full width
	{0x24B6, 0x24E9, 'a', 26}, {0x249C, 0x24B5, 'a', 26}, // in circles, in brackets
	{0x1D400, 0x1D6A3, 'a', 26}, {0x1D7CE, 0x1D7FF, '0', 10}, // mathematical
	{0x1F130, 0x1F149, 'a', 26}, {0x1F150, 0x1F169, 'a', 26}, {0x1F170, 0x1F189, 'a', 26}, // in squares and discs
	{0x1F1E6, 0x1F1FF, 'a', 26}, // regional indicators
}

// lookalike returns the small ASCII letter or digit that a character is taken
// for, '-' for a mark that may stand inside a word, 0 for what parts words.
func lookalike(r rune) byte {
	if c := alikeOf[r]; c != 0 {
		return c
	}
	for _, run := range runs {
		if r >= run.first && r <= run.last {
			return run.as + byte((r-run.first)%run.every)
		}
	}
	if unicode.IsLetter(r) || unicode.IsDigit(r) {
		return 'q' // a letter of another script: of no word of the list
	}
	if unicode.In(r, unicode.Pd, unicode.Sk, unicode.Lm, unicode.Po) {
		return '-'
	}
	return 0
}
