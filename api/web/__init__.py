"""HTTP: asking and answering, forms, the frame of pages, errors as problems and as pages."""
