-- A segment finds an attribute's value without reading that attribute of everybody.
CREATE INDEX contact_attribute_number ON contact_attribute (name, number) WHERE number IS NOT NULL;
CREATE INDEX contact_attribute_text ON contact_attribute (name, text) WHERE text IS NOT NULL;
