"""The pages: units answer here, the labour office decides here."""
