#!/bin/sh
# Stands for a program in the tests of deploy/bootstrap: writes down how it was called, and keeps as much state as the script
# looks at. Its own name says which program it is.
name=${0##*/}
line="$name $*"
state=$STUB_STATE
echo "$line" >>"$state/log"
case $line in *"${STUB_FAILS_AT:-nothing at all}"*) exit 1 ;; esac

is() { [ -e "$state/$1" ]; exit; }
mark() { : >"$state/$1"; exit 0; }

case $line in
  "id "*) echo "${STUB_UID:-0}" ;;
  "uname "*) echo x86_64 ;;
  "df "*) printf 'Avail\n  100G\n' ;;
  "dpkg-query "*)
    for package; do :; done
    [ -e "$state/package-$package" ] && echo "install ok installed"
    ;;
  "apt-get install "*) for package; do : >"$state/package-$package"; done ;;
  "curl "*)
    echo "what lies at $6${STUB_TAMPERED:-}" >"$5"
    ;;
  "unzip "*) : >"$BOOTSTRAP_SYSTEM/usr/local/bin/terraform" ;;
  "systemctl is-active "*) is k3s-runs ;;
  "systemctl restart "* | "systemctl start "*) mark k3s-runs ;;
  "terraform version") [ -e "$BOOTSTRAP_SYSTEM/usr/local/bin/terraform" ] && echo "Terraform v1.11.4" ;;
  "terraform "*" plan "*) [ -e "$state/terraform-applied" ] || exit 2 ;;
  "terraform "*" apply "*) mark terraform-applied ;;
  "k3s --version") [ -e "$BOOTSTRAP_SYSTEM/usr/local/bin/k3s" ] && echo "k3s version v1.34.10+k3s1 (39a4509e)" ;;
  "k3s kubectl get nodes "*) echo node/vps ;;
  "k3s kubectl get namespace "*) is "namespace-$4" ;;
  "k3s kubectl create namespace "*) mark "namespace-$4" ;;
  "k3s kubectl diff "*) is argo-cd-applied ;;
  "k3s kubectl apply -f "*) mark argo-cd-applied ;;
  "k3s kubectl -n argocd get deployment "*) is argo-cd-applied ;;
  "k3s kubectl apply -k "*) mark root-applied ;;
  "k3s kubectl -n argocd get application root"*) is root-applied ;;
  "k3s kubectl -n geocrop apply --server-side -f -") cat >"$state/secret-geocrop-geocrop-secrets" ;;
  "k3s kubectl -n "*" get secret geocrop-tls -o "*) [ -e "$state/certificate-$3" ] && base64 <"$state/certificate-$3" ;;
  "k3s kubectl -n "*" get secret geocrop-tls") is "certificate-$3" ;;
  "k3s kubectl -n "*" delete secret geocrop-tls") rm "$state/certificate-$3" ;;
  "k3s kubectl -n "*" create secret tls "*"--dry-run"*) cat "${8#--cert=}" ;;
  "k3s kubectl -n "*" create secret tls "*) cp "${8#--cert=}" "$state/certificate-$3" ;;
  "k3s ctr images ls -q") touch "$state/images"; cat "$state/images" ;;
  "k3s ctr images import "*) cat "$4" >>"$state/images" ;; # an image's name stands for it
  "k3s kubectl kustomize "*) # no more of it than images of ours
    awk '/newName:/ {name = $2} /newTag:/ {if (name) print "  - image: " name ":" $2; name = ""}' "$3/kustomization.yaml"
    ;;
  "k3s kubectl -n "*" get secret "*" -o "*) printf 'c2VjcmV0LXdvcmQ=' ;;
  "k3s kubectl -n "*" get secret "*) is "secret-$3-$6" ;;
  "k3s kubectl -n "*" create -f -")
    made=$(cat)
    printf '%s\n' "$made" >"$state/secret-$3-$(printf '%s' "$made" | sed -n 's/.*"name": "\(.*\)".*/\1/p')"
    ;;
  *" geocrop-users list") cat "$state/users" 2>/dev/null ;;
  *" geocrop-users add "*)
    cat >/dev/null
    echo "${10} admin" >"$state/users"
    ;;
esac
exit
