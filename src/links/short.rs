//! Who short links in text messages may be of, as the configuration lists them.

use gate_core::Name;
use gate_intake::ShortSender;

/// The senders of `door.short_senders`, in the form that messages have them in.
pub(crate) fn senders(listed: &[String]) -> Vec<ShortSender> {
    let each = listed.iter().filter_map(|sender| sender.split_once('/'));
    each.map(|(controller, brand)| ShortSender { controller: name(controller), brand: name(brand) })
        .collect()
}

fn name(text: &str) -> Option<String> {
    Name::new(text.into()).map(|name| name.into_text().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_messages() {
        let listed = ["Acme-Ltd/ Acme ", "acme-ltd/", "/acme"].map(str::to_owned);
        let own = |text: &str| Some(text.to_owned());
        let sender = |controller, brand| ShortSender { controller, brand };
        assert_eq!(
            senders(&listed),
            [
                sender(own("acme-ltd"), own("acme")),
                sender(own("acme-ltd"), None),
                sender(None, own("acme"))
            ]
        );
    }
}
