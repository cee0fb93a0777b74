//! The cases that pin the built-in packs down, for those who keep their own.

use gate_policy::File;

macro_rules! bundle {
    ($($name:literal)*) => {
        /// The shipped case files.
        pub(super) fn cases() -> Vec<File> {
            vec![$(File {
                name: String::from($name),
                text: String::from(include_str!(concat!("../../../policies/", $name))),
            }),*]
        }
    };
}

bundle! {
    "AE.cases.yaml" "AE.sequences.cases.yaml" "AR.cases.yaml" "AT.cases.yaml" "AU.cases.yaml"
    "BR.cases.yaml" "CA.cases.yaml" "CH.cases.yaml" "CL.cases.yaml" "CO.cases.yaml" "DE.cases.yaml"
    "EG.cases.yaml" "ES.cases.yaml" "EU.cases.yaml" "FR.cases.yaml" "FR.sequences.cases.yaml"
    "GB.cases.yaml" "HK.cases.yaml" "HU.cases.yaml" "ID.cases.yaml" "IE.cases.yaml" "IL.cases.yaml"
    "IN.cases.yaml" "IS.cases.yaml" "IT.cases.yaml" "JP.cases.yaml" "KE.cases.yaml" "KR.cases.yaml"
    "LI.cases.yaml" "MX.cases.yaml" "MY.cases.yaml" "NG.cases.yaml" "NO.cases.yaml" "NZ.cases.yaml"
    "PE.cases.yaml" "PH.cases.yaml" "PL.cases.yaml" "PT.cases.yaml" "RS.cases.yaml" "SA.cases.yaml"
    "SG.cases.yaml" "STRICT.cases.yaml" "STRICT.sequences.cases.yaml" "TH.cases.yaml"
    "TR.cases.yaml" "TW.cases.yaml" "UA.cases.yaml" "US.cases.yaml" "US.sequences.cases.yaml"
    "VN.cases.yaml" "ZA.cases.yaml" "ZA.sequences.cases.yaml" "general.cases.yaml"
    "general.sequences.cases.yaml" "sample.cases.jsonl"
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_case_file_of_the_packs_is_in_it() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
        let entries = std::fs::read_dir(dir).unwrap().flatten();
        let names = entries.map(|entry| entry.file_name().into_string().unwrap());
        let mut there: Vec<String> = names.filter(|name| name.contains(".cases.")).collect();
        there.sort();
        let built_in: Vec<String> = cases().into_iter().map(|file| file.name).collect();
        assert_eq!(built_in, there);
    }
}
