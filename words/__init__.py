"""What codes say. A language is a folder of gettext catalogues under locale/; to add one, copy a folder and translate it.

An entry of a catalogue: `msgid` is a code, `msgctxt` its kind (none for a message), `msgstr` what it says, with {arguments}
by name. The header's `Language` says how dates and numbers are written, `Plural-Forms` how words follow a number.
"""
