//! What an object store's errors may say.
//!
//! Pure. Invariant: of an answer's body only its code and message are told. Beside them an S3 store sends back
//! what was signed, which holds the key's id and the session token
//! (docs.aws.amazon.com, IAM User Guide, "Troubleshoot Signature Version 4 signing for AWS API requests").

use std::fmt::Display;

use crate::secret::Redactor;

/// Of a message so many characters are told.
const MESSAGE_MAX_CHARS: usize = 400;

/// What went wrong, in one line and without keys.
pub(super) fn told(error: &dyn Display, secrets: &Redactor) -> String {
    let text = error.to_string();
    let clean = secrets.redact(&text);
    let (head, body) = match clean.find('<') {
        Some(at) => clean.split_at(at),
        None => (clean.as_ref(), ""),
    };
    let parts = [Some(head), element(body, "Code"), element(body, "Message")];
    let line = parts.into_iter().flatten().map(str::trim);
    let line: Vec<_> = line.filter(|part| !part.is_empty()).collect();
    let line = line.join(" ").replace(['\r', '\n'], " ");
    line.chars().take(MESSAGE_MAX_CHARS).collect()
}

/// The text of the first element of this name.
fn element<'x>(xml: &'x str, name: &str) -> Option<&'x str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once('<').map(|(text, _)| text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn answer_of_an_object_store_is_told_without_what_was_signed() {
        let body = "Server returned non-2xx status code: 403 Forbidden: <?xml version=\"1.0\"?>\n<Error>\
             <Code>SignatureDoesNotMatch</Code><Message>The signature AKIAEXAMPLE made does not match.</Message>\
             <AWSAccessKeyId>AKIAEXAMPLE</AWSAccessKeyId><CanonicalRequest>PUT\n/a\nx-amz-security-token:\
             session+token\n</CanonicalRequest></Error>";
        let secrets = Redactor::new([Secret::new("AKIAEXAMPLE")]);
        assert_eq!(
            told(&body, &secrets),
            "Server returned non-2xx status code: 403 Forbidden: SignatureDoesNotMatch The signature *** made \
             does not match."
        );
    }

    #[test]
    fn error_without_a_body_is_told_as_it_is() {
        let secrets = Redactor::new([Secret::new("session+token")]);
        assert_eq!(
            told(&"connection refused: session+token", &secrets),
            "connection refused: ***"
        );
    }
}
