"""Files that people made: sheets and workbooks in, answers out."""
