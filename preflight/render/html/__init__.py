"""Renders pages: reports and differences as HTML that loads nothing, and the parts that other pages share."""
